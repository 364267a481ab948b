import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { Fleet, type FleetParts } from '../../../src/actuator/loop/fleet.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { findListings, type KnownBoot, type ListedDyno } from '../../../src/model/listing.ts';
import type { BootIdentity, Point } from '../../../src/model/point.ts';
import { targetKey } from '../../../src/model/target.ts';
import type { LedgerView } from '../../../src/ports.ts';
import { bloated, WINDOW_MS, WINDOWS } from '../../decision/decide-for.ts';
import { MIB } from '../../detector/curves.ts';
import { atOnce } from '../../models/at-once.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

const START_MS = 1_700_000_000_000;
const END_MS = START_MS + WINDOWS * WINDOW_MS;
const POLICY = { ...defaultPolicy(WINDOW_MS), minHealthy: 1 };
const APPS = ['shop', 'mail'];

interface DynoSpec {
  readonly app: number;
  /** Its curve: bloat that ends this much lower, or none. */
  readonly lowerMb: number;
  readonly isBloated: boolean;
}

function pointOf(dyno: number, { app, lowerMb, isBloated }: DynoSpec, timeMs: number): Point {
  const usageMb = isBloated ? bloated((timeMs - START_MS) / WINDOW_MS) - lowerMb : 100;
  const boot = { ...WHOLE_POINT.boot, app: APPS[app] ?? null, dyno: `worker.${dyno}`, bootId: `boot-${dyno}` };
  return {
    ...WHOLE_POINT,
    boot: { ...boot, startTimeMs: START_MS },
    processId: boot.bootId,
    timeMs,
    rssBytes: Math.round(usageMb * MIB),
    treeResidentBytes: null,
    treeSwapBytes: null,
    limitBytes: 512 * MIB,
    activeJobs: 0,
    completedJobs: null,
  };
}

/** What happens after so many steps. */
interface Happening {
  readonly step: number;
  readonly kind: 'comes' | 'goes' | 'is-read' | 'refuses';
  readonly dyno: number;
}

function world(dynos: readonly DynoSpec[]) {
  const registry = new BootRegistry(POLICY, Number.MAX_SAFE_INTEGER);
  for (const [dyno, spec] of dynos.entries())
    for (let timeMs = START_MS; timeMs < END_MS; timeMs += WINDOW_MS / 5)
      registry.accept([pointOf(dyno, spec, timeMs)]);
  const says = { up: 5, nowMs: END_MS, isBlocked: false, restarted: 'up' };
  const listed = () => [
    { id: 'b', name: 'worker.99', processType: 'worker', state: says.restarted, createdAtMs: END_MS },
  ];
  const quiet = () => undefined;
  const parts = {
    registry,
    platform: { upCount: () => says.up, isBlocked: () => says.isBlocked, dynosOfApp: listed },
    rules: {
      policy: POLICY,
      permissions: { allowed: [{ app: '*', processType: 'worker' }], dryRun: false, ownApp: null },
    },
    host: { clock: { now: () => says.nowMs, monotonic: () => 0 }, log: { info: quiet, warn: quiet, error: quiet } },
  };
  const fleet = new Fleet(parts as unknown as FleetParts);
  const happen = ({ kind, dyno }: Happening) => {
    says.nowMs += 1;
    if (kind === 'refuses') says.isBlocked = true;
    if (kind === 'is-read') {
      says.up = 0;
      says.restarted = 'crashed';
    }
    if (kind === 'comes') {
      const spec = { app: dyno % APPS.length, isBloated: true, lowerMb: 0 };
      registry.accept([pointOf(100 + dyno, spec, END_MS)]);
    }
    if (kind === 'goes') {
      for (const app of APPS) registry.release(app, ({ dyno: name }) => name === `worker.${dyno}`);
    }
  };
  return { fleet, happen, entries: registry.entries() };
}

const ledger = {
  nowMs: END_MS,
  history: [{ dyno: 'worker.99', bootId: 'a', outcome: 'restarted', closedAtMs: END_MS, sendingAtMs: END_MS }],
  dryHistory: [],
  spentBootIds: [],
  open: null,
  cooldownUntilMs: 0,
  dryCooldownUntilMs: 0,
  sentLastHour: 0,
  heldUntilMs: 0,
  breakerOpenUntilMs: 0,
  learnedFloorBytes: null,
  uselessRestarts: 0,
} as unknown as LedgerView;
const LEDGERS = new Map(APPS.map((app) => [targetKey({ app, processType: 'worker' }), ledger]));

const someDynos = fc.array(
  fc.record({ app: fc.nat(1), lowerMb: fc.nat(20), isBloated: fc.boolean() }) satisfies fc.Arbitrary<DynoSpec>,
  { minLength: 1, maxLength: 8 },
);
const happenings = fc.array(
  fc.record({
    step: fc.nat(8),
    kind: fc.constantFrom('comes', 'goes', 'is-read', 'refuses'),
    dyno: fc.nat(8),
  }) satisfies fc.Arbitrary<Happening>,
  { maxLength: 8 },
);

/** Takes each step, and lets happen what happens after it. */
function withHappenings<T>(steps: Iterator<void, T>, happen: (step: number) => void): T {
  for (let count = 0; ; count++) {
    const step = steps.next();
    if (step.done) return step.value;
    happen(count);
  }
}

it('decides in steps what it decides in one turn, whatever comes, goes and is read meanwhile', () => {
  const restarts: number[] = [];
  fc.assert(
    fc.property(someDynos, happenings, (dynos, all) => {
      const alone = world(dynos);
      const expected = atOnce(alone.fleet.decide(alone.entries, LEDGERS, true));
      const { fleet, entries, happen } = world(dynos);
      const decided = withHappenings(fleet.decide(entries, LEDGERS, true), (step) => {
        for (const one of all) if (one.step === step) happen(one);
      });
      expect(decided.map(({ decision }) => decision)).toEqual(expected.map(({ decision }) => decision));
      const restarted = decided.flatMap(({ decision: { action, app } }) => (action === 'restart' ? [app] : []));
      expect(new Set(restarted).size).toBe(restarted.length);
      restarts.push(restarted.length);
    }),
    { numRuns: 60 },
  );
  // Without a restart in some the property would say little.
  expect(Math.max(...restarts)).toBe(2);
});

interface TwinSpec {
  readonly dyno: number;
  readonly id: number;
  readonly fromMs: number;
  readonly forMs: number;
  readonly isDerived: boolean;
}

const NOW_MS = START_MS + 100;
const LISTED: readonly ListedDyno[] = [0, 1, 2].map((dyno) => ({
  id: `id-${dyno}`,
  name: `worker.${dyno}`,
  processType: 'worker',
  state: 'up',
  createdAtMs: START_MS,
}));

function twin({ dyno, id, fromMs, forMs, isDerived }: TwinSpec): { -readonly [K in keyof KnownBoot]: KnownBoot[K] } {
  const identity: BootIdentity = {
    ...WHOLE_POINT.boot,
    dyno: `worker.${dyno}`,
    bootId: `id-${id}`,
    bootIdSource: isDerived ? 'derived' : 'platform',
    startTimeMs: START_MS,
  };
  return { identity, firstPointMs: START_MS + fromMs, lastPointMs: START_MS + fromMs + forMs };
}

it('lists in steps what it lists in one turn of the boots as they were looked at, which report meanwhile', () => {
  const specs = fc.array(
    fc.record({ dyno: fc.nat(3), id: fc.nat(3), fromMs: fc.nat(50), forMs: fc.nat(20), isDerived: fc.boolean() }),
    { minLength: 1, maxLength: 8 },
  );
  const reports = fc.array(fc.record({ step: fc.nat(30), boot: fc.nat(7) }), { maxLength: 8 });
  const at = { nowMs: NOW_MS, silentAfterMs: 60 };
  fc.assert(
    fc.property(specs, reports, (boots, all) => {
      const live = boots.map(twin);
      const lookedAt = boots.map(twin);
      const dynos = { newest: LISTED };
      const steps = findListings(live, () => dynos.newest, at);
      const found = withHappenings(steps, (step) => {
        // The dynos are counted first, then each boot is looked at in a step.
        const boot = step - LISTED.length;
        const [now, look] = [live[boot], lookedAt[boot]];
        if (now !== undefined && look !== undefined) look.lastPointMs = now.lastPointMs;
        for (const report of all) if (report.step === step) report.boot < live.length && reportNow(live[report.boot]);
        dynos.newest = [];
      });
      expect(found).toEqual(atOnce(findListings(lookedAt, () => LISTED, at)));
    }),
    { numRuns: 1_000 },
  );
});

function reportNow(boot: { lastPointMs: number } | undefined): void {
  if (boot !== undefined) boot.lastPointMs = NOW_MS;
}
