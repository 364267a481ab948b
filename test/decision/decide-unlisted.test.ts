import { describe, expect, it } from 'vitest';
import type { Listing } from '../../src/model/listing.ts';
import { bloated, bootOf, decideFor, START_MS, WINDOWS } from './decide-for.ts';

describe('a boot that is no listed dyno', () => {
  const unlisted: Listing = {
    kind: 'unlisted',
    reason: 'boot-not-listed',
    says: 'The platform does not list this boot.',
  };
  const dyno = { id: 'p', name: 'worker.1', processType: 'worker', state: 'up', createdAtMs: START_MS };
  const listed: Listing = { kind: 'listed', dyno };

  it('is neither acted on nor advised on, and the decision says why', () => {
    const [decision] = decideFor({ listings: [unlisted] });
    expect(decision).toMatchObject({ action: 'none', reason: 'boot-not-listed', wanted: 'sustained-over-soft-limit' });
    expect(decision?.explanation).toMatch(/gives back about 350 MB\. The platform does not list this boot\.$/);
    expect(decideFor({ listings: [unlisted], facts: null })[0]).toMatchObject({ action: 'none', limitBytes: null });
  });

  it('is said to be so also while its curve asks for nothing', () => {
    const [decision] = decideFor({ boots: [bootOf(() => 100, WINDOWS)], listings: [unlisted] });
    expect(decision).toMatchObject({ action: 'none', reason: 'no-growth' });
    expect(decision?.explanation).toContain('does not list this boot');
  });

  it('does not keep a listed one of its target waiting, however full it is', () => {
    const ghost = bootOf((window) => bloated(window) + 500, WINDOWS, { dyno: 'worker.77' });
    const decisions = decideFor({ boots: [ghost, bootOf(bloated, WINDOWS)], listings: [unlisted, listed] });
    expect(decisions.map(({ action }) => action)).toEqual(['none', 'restart']);
  });

  it.each<[string, Listing, string]>([
    ['its dyno is not up', { kind: 'listed', dyno: { ...dyno, state: 'crashed' } }, 'dyno-not-up'],
    ['the platform could not be read yet', { kind: 'unread' }, 'platform-unavailable'],
  ])('nor one of which %s', (_, listing, reason) => {
    expect(decideFor({ listings: [listing] })[0]).toMatchObject({ action: 'none', reason });
  });
});
