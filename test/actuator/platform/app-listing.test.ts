import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppListing } from '../../../src/actuator/platform/app-listing.ts';
import type { DynoNews, PlatformDyno } from '../../../src/ports.ts';

const NOW_MS = 1_700_000_000_000;
const OLD: PlatformDyno = {
  id: 'old',
  name: 'worker.1',
  processType: 'worker',
  state: 'up',
  size: 'Standard-1X',
  createdAtMs: NOW_MS - 3_600_000,
  releaseVersion: 1,
};

function listing(dynos: readonly PlatformDyno[] = [OLD]): AppListing {
  const made = new AppListing();
  made.replace(dynos, NOW_MS);
  return made;
}

function news(action: DynoNews['action'], afterMs: number, dyno: Partial<DynoNews['dyno']> = {}): DynoNews {
  const fresh = { ...OLD, id: 'new', createdAtMs: NOW_MS + 1000, releaseVersion: 2 };
  return { app: 'shop', action, atMs: NOW_MS + afterMs, dyno: { ...fresh, ...dyno } };
}

/** A restart of worker.1 and a scaling to two, as webhooks report them. */
const STORY = [
  news('update', 500, { id: 'old', state: 'down', createdAtMs: OLD.createdAtMs }),
  news('create', 1000, { state: 'starting' }),
  news('destroy', 1500, { id: 'old', state: 'down', createdAtMs: OLD.createdAtMs }),
  news('update', 2000, { state: 'up' }),
  news('create', 2000, { id: 'two', name: 'worker.2', createdAtMs: NOW_MS + 2000, state: 'starting' }),
  news('update', 2000, { id: 'two', name: 'worker.2', createdAtMs: NOW_MS + 2000, state: 'up' }),
];

describe('the dynos of an app', () => {
  it('are the same after the same news, in whatever order and however often it comes', () => {
    const deliveries = fc.shuffledSubarray([...STORY, ...STORY], { minLength: 2 * STORY.length });
    fc.assert(
      fc.property(deliveries, (delivered) => {
        const app = listing();
        for (const one of delivered) app.hear(one);
        const shown = (app.dynos ?? []).map(({ id, name, state }) => `${name} ${id} ${state}`).sort();
        expect(shown).toEqual(['worker.1 new up', 'worker.2 two up']);
      }),
    );
  });

  it('are not changed by news that is older than the read', () => {
    const app = listing();
    expect(app.hear(news('destroy', -61_000, { id: 'old' }))).toBe('late');
    expect(app.dynos).toEqual([OLD]);
  });

  it('do not come back after they were destroyed', () => {
    const app = listing();
    app.hear(news('destroy', 10, { id: 'old' }));
    expect(app.hear(news('update', 20, { id: 'old' }))).toBe('late');
    expect(app.dynos).toEqual([]);
  });

  it('take no one-off dynos: not every subscription says when they end', () => {
    const app = listing();
    app.hear(news('create', 10, { id: 'job', name: 'scheduler.7', processType: 'scheduler' }));
    expect(app.dynos).toEqual([OLD]);
  });

  it('keep what news does not say', () => {
    const app = listing();
    app.hear(news('update', 10, { id: 'old', state: 'crashed', size: null, createdAtMs: null, releaseVersion: null }));
    expect(app.dynos).toEqual([{ ...OLD, state: 'crashed' }]);
  });

  it('must be read where news of an unknown dyno does not say when it was created', () => {
    expect(listing().hear(news('update', 10, { createdAtMs: null }))).toBe('outdated');
    expect(new AppListing().hear(news('create', 10))).toBe('outdated');
  });
});
