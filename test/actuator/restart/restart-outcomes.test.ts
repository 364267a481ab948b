import { describe, expect, it } from 'vitest';
import type { BootEntry } from '../../../src/actuator/boot-entry.ts';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { FloorRecorder, findBackSoon, findReclaimed } from '../../../src/actuator/restart/restart-outcomes.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { UnreadableRecord } from '../../../src/model/errors.ts';
import type { BootIdentity, Point } from '../../../src/model/point.ts';
import type { HistoryEntry, Ledger, LedgerView, PlatformDyno } from '../../../src/ports.ts';
import { MIB } from '../../detector/curves.ts';
import { aDecision } from '../../models/decisions.ts';
import { ModelLedger } from '../../models/ledger/model-ledger.ts';

const WINDOW_MS = 1000;
const SENT_MS = 1_700_000_000_000;
/** When the boot that follows a restart begins. */
const BORN_MS = SENT_MS + 5_000;
const policy = defaultPolicy(WINDOW_MS);
const TARGET = { app: 'shop', processType: 'worker' };

const LISTED: PlatformDyno = {
  id: 'successor',
  name: 'worker.1',
  processType: 'worker',
  state: 'up',
  size: null,
  createdAtMs: BORN_MS,
  releaseVersion: null,
};

type Usage = (window: number) => number;
const low: Usage = () => 150;
/** On a plateau over the soft limit of 410 MB from that window on. */
const highFrom =
  (from: number): Usage =>
  (window) =>
    window < from ? 150 : 460;

interface Life {
  readonly usageMb?: Usage;
  readonly windows?: number;
  readonly bornMs?: number;
  readonly identity?: Partial<BootIdentity>;
}

/** The boots of the target, each with five points a window. */
function entriesOf(...lives: readonly Life[]): readonly BootEntry[] {
  const registry = new BootRegistry(policy);
  for (const { usageMb = low, windows = 100, bornMs = BORN_MS, identity = {} } of lives)
    registry.accept(
      Array.from({ length: windows * 5 }, (_, index) => ({
        ...POINT,
        boot: { ...POINT.boot, startTimeMs: bornMs, ...identity },
        timeMs: bornMs + index * 200,
        rssBytes: usageMb(index / 5) * MIB,
      })),
    );
  const entries = registry.entries();
  for (const entry of entries) entry.listing = { kind: 'listed', dyno: { ...LISTED, name: entry.boot.identity.dyno } };
  return entries;
}

const POINT: Point = {
  boot: {
    ...TARGET,
    dyno: 'worker.1',
    bootId: 'successor',
    bootIdSource: 'platform',
    startTimeMs: BORN_MS,
    release: null,
  },
  processId: 'p',
  processRole: 'main',
  timeMs: BORN_MS,
  rssBytes: 0,
  treeResidentBytes: null,
  treeSwapBytes: null,
  limitBytes: 512 * MIB,
  tuning: null,
  heapUsedBytes: null,
  externalBytes: null,
  activeJobs: 0,
  completedJobs: null,
};

function restart(changes: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    attemptId: 'attempt-1',
    dyno: 'worker.1',
    bootId: 'restarted',
    outcome: 'restarted',
    by: 'policy',
    reason: 'sustained-over-soft-limit',
    sendingAtMs: SENT_MS,
    closedAtMs: SENT_MS + 8_000,
    usageBytes: 470 * MIB,
    reclaimedBytes: null,
    backAfterMs: null,
    ...changes,
  };
}

/** Newest first. */
function viewOf(...history: readonly HistoryEntry[]): LedgerView {
  return {
    target: TARGET,
    nowMs: SENT_MS,
    open: null,
    history,
    dryHistory: [],
    cooldownUntilMs: 0,
    dryCooldownUntilMs: 0,
    sentLastHour: 1,
    heldUntilMs: 0,
    breakerOpenUntilMs: 0,
    breakerReason: null,
    paused: false,
    pausedBy: { all: false, target: false },
    hasWordOfPause: { all: false, target: false },
    writtenBackMs: 0,
    pausedSinceMs: null,
    pauser: null,
    epochMs: 0,
    spentBootIds: [],
    spentShownAfterMs: 0,
    learnedFloorBytes: null,
    learnedBytesPerJob: null,
    uselessRestarts: 0,
    mayBeEvicted: false,
  };
}

function backSoon(view: LedgerView, entries: readonly BootEntry[]) {
  const nowMs = Math.max(...entries.map(({ boot }) => boot.lastPointMs));
  return findBackSoon(view, entries, { policy, nowMs });
}

describe('a restart after which memory was soon back', () => {
  it('is found, with the time from the start of the next boot until its floor stayed over the soft limit', () => {
    const found = backSoon(viewOf(restart()), entriesOf({ usageMb: highFrom(12) }));
    expect(found).toMatchObject([{ entry: { attemptId: 'attempt-1' } }]);
    expect(found[0]?.backAfterMs).toBeGreaterThanOrEqual(12 * WINDOW_MS);
    expect(found[0]?.backAfterMs).toBeLessThan(16 * WINDOW_MS);
  });

  it('is found when the next boot asks for a restart before that', () => {
    const [entry] = entriesOf({ windows: 20 });
    if (entry === undefined) throw new Error('no boot');
    entry.decision = aDecision({ action: 'none', reason: 'cooldown', wanted: 'leak-near-limit' });
    const nowMs = BORN_MS + 20 * WINDOW_MS;
    expect(findBackSoon(viewOf(restart()), [entry], { policy, nowMs })).toMatchObject([
      { backAfterMs: nowMs - BORN_MS },
    ]);
    const laterMs = BORN_MS + 200 * WINDOW_MS;
    expect(findBackSoon(viewOf(restart()), [entry], { policy, nowMs: laterMs })).toEqual([]);
  });

  it.each<[string, readonly HistoryEntry[], readonly Life[]]>([
    ['memory that stays low', [restart()], [{ usageMb: low }]],
    ['a plateau that is reached after two hours of windows', [restart()], [{ usageMb: highFrom(115), windows: 150 }]],
    [
      'no boot since',
      [restart()],
      [{ bornMs: SENT_MS - 500_000, identity: { bootId: 'older' }, usageMb: highFrom(12) }],
    ],
    ['the very boot that was restarted', [restart()], [{ identity: { bootId: 'restarted' }, usageMb: highFrom(12) }]],
    ['another dyno', [restart()], [{ identity: { dyno: 'worker.2' }, usageMb: highFrom(12) }]],
    ['another app', [restart()], [{ identity: { app: 'other' }, usageMb: highFrom(12) }]],
    ['another process type', [restart()], [{ identity: { processType: 'web' }, usageMb: highFrom(12) }]],
    ['what is known already', [restart({ backAfterMs: 9_000 })], [{ usageMb: highFrom(12) }]],
    ['an attempt that was refused', [restart({ outcome: 'refused' })], [{ usageMb: highFrom(12) }]],
    ['an attempt that was never sent', [restart({ sendingAtMs: null })], [{ usageMb: highFrom(12) }]],
  ])('is not found in %s', (_, history, lives) => {
    expect(backSoon(viewOf(...history), entriesOf(...lives))).toEqual([]);
  });

  it('is not assessed by a boot that the platform does not list', () => {
    const entries = entriesOf({ usageMb: highFrom(12) });
    for (const listing of [{ kind: 'unread' as const }, null]) {
      for (const entry of entries) entry.listing = listing;
      expect(backSoon(viewOf(restart()), entries)).toEqual([]);
    }
  });

  it('is the newest of a dyno: what came after an older one is gone', () => {
    const older = restart({ attemptId: 'attempt-0', sendingAtMs: SENT_MS - 600_000 });
    const found = backSoon(viewOf(restart(), older), entriesOf({ usageMb: highFrom(12) }));
    expect(found.map(({ entry }) => entry.attemptId)).toEqual(['attempt-1']);
  });

  it('is assessed by the newest of several boots since', () => {
    const first: Life = { identity: { bootId: 'first' }, usageMb: highFrom(12) };
    const second: Life = { identity: { bootId: 'second' }, bornMs: BORN_MS + 40_000, usageMb: low };
    expect(backSoon(viewOf(restart()), entriesOf(first, second))).toEqual([]);
  });

  it('is assessed by any boot of the type when names are not reused', () => {
    const entries = entriesOf({ identity: { dyno: 'worker-23z34x56y-w78k9' }, usageMb: highFrom(12) });
    expect(backSoon(viewOf(restart({ dyno: 'worker-12abc34de-f56gh' })), entries)).toHaveLength(1);
    expect(backSoon(viewOf(restart()), entries)).toEqual([]);
  });
});

describe('the floors that a ledger is taught', () => {
  const clock = { now: () => SENT_MS };
  const newLedger = () => new ModelLedger(clock, { cooldownMs: 0, maxRestartsPerHour: 4, holdMs: 0 });
  const learned = async (ledger: ModelLedger) => (await ledger.read(TARGET)).learnedFloorBytes;

  it('are those of listed boots, once each, and again when the ledger has lost them', async () => {
    const ledger = newLedger();
    const teacher = new FloorRecorder();
    await teacher.teach(ledger, entriesOf({}), policy);
    expect(Math.round(((await learned(ledger)) ?? 0) / MIB)).toBe(150);
    ledger.empty();
    await teacher.teach(ledger, entriesOf({}), policy);
    expect(await learned(ledger)).toBeNull();
    teacher.teachAgain();
    await teacher.teach(ledger, entriesOf({}), policy);
    expect(await learned(ledger)).not.toBeNull();
  });

  it.each<[string, Life, BootEntry['listing'] | undefined]>([
    ['the platform does not list', {}, { kind: 'unlisted', reason: 'boot-not-listed', says: 'It has none.' }],
    ['no platform was asked about', {}, null],
    ['filled up in its warm-up', { usageMb: () => 460 }, undefined],
  ])('are not those of a boot that %s', async (_, life, listing) => {
    const ledger = newLedger();
    const entries = entriesOf(life);
    for (const entry of entries) if (listing !== undefined) entry.listing = listing;
    await new FloorRecorder().teach(ledger, entries, policy);
    expect(await learned(ledger)).toBeNull();
  });
});

describe('what a restart gave back', () => {
  it('is the usage before less the floor of the next boot after its warm-up', () => {
    const [found] = findReclaimed(viewOf(restart()), entriesOf({ usageMb: low }), policy);
    expect(Math.round((found?.reclaimedBytes ?? 0) / MIB)).toBe(320);
  });

  it.each<[string, Partial<HistoryEntry>, Life]>([
    ['while the next boot warms up', {}, { windows: 3 }],
    ['where the usage before is unknown', { usageBytes: null }, {}],
    ['twice', { reclaimedBytes: 1 }, {}],
    ['by a boot that was seen only when it was old', {}, { identity: { startTimeMs: BORN_MS - 50_000 } }],
  ])('is not said %s', (_, changes, life) => {
    expect(findReclaimed(viewOf(restart(changes)), entriesOf(life), policy)).toEqual([]);
  });
});

describe('learning what a fresh boot holds', () => {
  it('continues with the other targets when the record of one cannot be read', async () => {
    const entries = entriesOf(
      { identity: { app: 'broken', bootId: 'first' }, usageMb: low },
      { identity: { app: 'shop', bootId: 'second' }, usageMb: low },
    );
    const learned: string[] = [];
    const learnFloor = async ({ app }: { readonly app: string }) => {
      if (app === 'broken') throw new UnreadableRecord('garbage');
      learned.push(app);
    };
    await new FloorRecorder().teach({ learnFloor } as unknown as Ledger, entries, policy);
    expect(learned).toEqual(['shop']);
  });
});
