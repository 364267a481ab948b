import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BootEntry } from '../../src/actuator/boot-entry.ts';
import { BootRegistry, SUPERSEDED_AFTER_WINDOWS } from '../../src/actuator/boot-registry.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { openBoot } from '../../src/detector/boot/boot.ts';
import { bootKeyOf } from '../../src/model/point.ts';
import { atOnce } from '../models/at-once.ts';
import { WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

const POLICY = defaultPolicy(60_000);
const HOUR_MS = 3_600_000;
const NOW_MS = WHOLE_POINT.timeMs + 100 * HOUR_MS;
const FORGET_AFTER_MS = 48 * HOUR_MS;

interface BootSpec {
  readonly dyno: number;
  readonly beganHoursAgo: number;
  readonly silentHours: number;
  readonly listing: 'listed' | 'unlisted' | 'none';
}

/** What happens after so many steps. */
interface Happening {
  readonly step: number;
  readonly kind: 'reports' | 'makes-room' | 'comes';
  readonly boot: number;
}

const pointOf = (dyno: string, bootId: string) => ({
  ...WHOLE_POINT,
  timeMs: NOW_MS,
  boot: { ...WHOLE_POINT.boot, dyno, bootId },
});

function world(specs: readonly BootSpec[]) {
  const registry = new BootRegistry(POLICY, Number.MAX_SAFE_INTEGER);
  for (const [index, { dyno, beganHoursAgo, silentHours, listing }] of specs.entries()) {
    const boot = openBoot(pointOf(`worker.${dyno}`, `boot-${index}`));
    const lastPointMs = NOW_MS - silentHours * HOUR_MS;
    const firstPointMs = Math.min(lastPointMs, NOW_MS - beganHoursAgo * HOUR_MS);
    registry.adopt({ ...boot, firstPointMs, lastPointMs });
    const entry = registry.find('shop', boot.identity);
    if (entry !== null) entry.listing = listingOf(listing);
  }
  return registry;
}

function listingOf(kind: BootSpec['listing']): BootEntry['listing'] {
  if (kind === 'none') return null;
  if (kind === 'unlisted') return { kind, reason: 'boot-not-listed', says: '' };
  const dyno = { id: 'a', name: 'worker.1', processType: 'worker', state: 'up', createdAtMs: 0 };
  return { kind, dyno: { ...dyno, size: null, releaseVersion: null } };
}

/** The keys of the boots that are over, of all boots in one look. */
function overInOneLook(registry: BootRegistry): readonly string[] {
  const byDyno = Map.groupBy(registry.entries(), ({ boot }) => boot.identity.dyno);
  const isOver = ({ boot }: BootEntry, ofDyno: readonly BootEntry[]) => {
    const silentMs = NOW_MS - boot.lastPointMs;
    if (silentMs > FORGET_AFTER_MS) return true;
    const { dyno } = boot.identity;
    const newest = registry.newestOf('shop', dyno);
    if (silentMs <= SUPERSEDED_AFTER_WINDOWS * POLICY.windowMs || ofDyno.length === 1 || newest === null) return false;
    return newest.listing?.kind !== 'unlisted' && newest.boot.firstPointMs > boot.firstPointMs;
  };
  return [...byDyno.values()].flatMap((ofDyno) =>
    ofDyno.filter((entry) => isOver(entry, ofDyno)).map(({ key }) => key),
  );
}

const someBoots = fc.array(
  fc.record({
    dyno: fc.nat(3),
    beganHoursAgo: fc.integer({ min: 1, max: 90 }),
    silentHours: fc.constantFrom(0, 1, 10, 47, 49, 80),
    listing: fc.constantFrom('listed', 'unlisted', 'none'),
  }) satisfies fc.Arbitrary<BootSpec>,
  { minLength: 1, maxLength: 12 },
);
const happenings = fc.array(
  fc.record({
    step: fc.nat(14),
    kind: fc.constantFrom('reports', 'makes-room', 'comes'),
    boot: fc.nat(11),
  }) satisfies fc.Arbitrary<Happening>,
  { maxLength: 10 },
);

it('forgets in steps the boots that are over in one look', () => {
  fc.assert(
    fc.property(someBoots, (specs) => {
      const registry = world(specs);
      const before = registry.entries().map(({ key }) => key);
      const over = overInOneLook(registry);
      const gone: string[] = [];
      atOnce(registry.prune(NOW_MS, (key) => gone.push(key)));
      expect(new Set(gone)).toEqual(new Set(over));
      expect(gone).toHaveLength(over.length);
      expect(registry.entries().map(({ key }) => key)).toEqual(before.filter((key) => !over.includes(key)));
    }),
    { numRuns: 500 },
  );
});

it('forgets no boot that has reported again, and remembers nothing of one that returns after it was forgotten', () => {
  const seen = { returned: 0, stayed: 0 };
  fc.assert(
    fc.property(someBoots, happenings, (specs, all) => {
      const registry = world(specs);
      const over = new Set(overInOneLook(registry));
      const touched = new Set<string>();
      /** What is kept elsewhere of a boot, by its key: the entry that it is about. */
      const keptElsewhere = new Map(registry.entries().map((entry) => [entry.key, entry]));
      const madeRoom = new Set<string>();
      const reported = new Map<string, BootEntry | null>();
      const happen = ({ kind, boot }: Happening) => {
        const spec = specs[boot];
        if (kind === 'comes') registry.accept([pointOf(`mailer.${boot}`, 'new')]);
        if (spec === undefined) return;
        const identity = { ...WHOLE_POINT.boot, dyno: `worker.${spec.dyno}`, bootId: `boot-${boot}` };
        touched.add(identity.dyno);
        const key = bootKeyOf(identity);
        if (kind === 'makes-room') {
          registry.release('shop', ({ bootId }) => bootId === identity.bootId);
          madeRoom.add(key);
          reported.delete(key);
        }
        if (kind !== 'reports') return;
        const before = registry.find('shop', identity);
        registry.accept([pointOf(identity.dyno, identity.bootId)]);
        reported.set(key, registry.find('shop', identity));
        // One that made room is reported as gone by the next look, unless it has come back.
        if (before === null && !madeRoom.has(key)) expect(keptElsewhere.has(key)).toBe(false);
        if (before === null) seen.returned += 1;
        else seen.stayed += 1;
      };
      const steps = registry.prune(NOW_MS, (key) => {
        expect(registry.entries().some((entry) => entry.key === key)).toBe(false);
        keptElsewhere.delete(key);
      });
      for (let count = 0; steps.next().done !== true; count++)
        for (const one of all) if (one.step === count) happen(one);
      const left = new Map(registry.entries().map((entry) => [entry.key, entry]));
      for (const [key, entry] of reported) expect(left.get(key)).toBe(entry);
      const ofOthers = [...keptElsewhere].filter(([, { boot }]) => !touched.has(boot.identity.dyno));
      for (const [key, entry] of ofOthers) {
        expect(left.get(key)).toBe(entry);
        expect(over.has(key)).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
  expect(Math.min(seen.returned, seen.stayed)).toBeGreaterThan(0);
});

it('ends although new names come as fast as it looks, and does not look at them', () => {
  const registry = world(Array.from({ length: 5 }, (_, dyno) => dynoOf(dyno)));
  const steps = registry.prune(NOW_MS, () => {});
  let count = 0;
  while (count < 100 && steps.next().done !== true) {
    registry.hasRoomFor(pointOf(`early.${count}`, 'new').boot, { id: 'a', speaksForAll: false }, NOW_MS);
    registry.accept([pointOf(`worker.9${count}`, 'new')]);
    count++;
  }
  expect(count).toBeLessThan(20);
});

function dynoOf(dyno: number): BootSpec {
  return { dyno, beganHoursAgo: 1, silentHours: 0, listing: 'none' };
}
