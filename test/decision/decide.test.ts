import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type DecideInput, decide, type LedgerFacts } from '../../src/decision/decide.ts';
import { type Boot, noteLimit, observe, openBoot } from '../../src/detector/boot/boot.ts';
import type { DynoFacts } from '../../src/detector/rules/assessment.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Listing } from '../../src/model/listing.ts';
import type { Permissions, Policy } from '../../src/model/policy.ts';
import { MIB } from '../detector/curves.ts';

const WINDOW_MS = 1000;
const START_MS = 1_700_000_000_000;
const policy = defaultPolicy(WINDOW_MS);
const TARGET = { app: 'shop', processType: 'worker' };
const facts: DynoFacts = { limitBytes: 512 * MIB, killBytes: 1024 * MIB, createdAtMs: START_MS };

/** Five points a window, on a dyno whose quota the platform gives as 512 MiB. Each job ends within the window. */
function bootOf(
  usageMb: (window: number) => number,
  windows: number,
  changes: { dyno?: string; app?: string | null; activeJobs?: number; limitBytes?: number } = {},
): Boot {
  const { dyno = 'worker.1', app = 'shop', activeJobs = 0, limitBytes = null } = changes;
  const identity = {
    app,
    dyno,
    processType: 'worker',
    bootId: `${dyno}-boot`,
    bootIdSource: 'platform' as const,
    startTimeMs: START_MS,
    release: null,
  };
  let boot: Boot | null = null;
  for (let index = 0; index < windows * 5; index += 1) {
    const point = {
      boot: identity,
      processId: dyno,
      processRole: 'main' as const,
      tuning: null,
      timeMs: START_MS + index * 200,
      rssBytes: Math.round(usageMb(index / 5) * MIB),
      treeResidentBytes: null,
      treeSwapBytes: null,
      limitBytes,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs,
      completedJobs: Math.floor(index / 2) * activeJobs,
    };
    boot ??= openBoot(point);
    noteLimit(boot, facts.limitBytes);
    observe(boot, point, policy);
  }
  if (boot === null) throw new Error('no windows');
  return boot;
}

const bloated = (window: number) => Math.min(450, window < 10 ? 100 : 100 + Math.floor(window - 9) * 90);
const WINDOWS = 40;

const freeLedger: LedgerFacts = {
  nowMs: START_MS,
  open: null,
  cooldownUntilMs: 0,
  dryCooldownUntilMs: 0,
  sentLastHour: 0,
  heldUntilMs: 0,
  breakerOpenUntilMs: 0,
  paused: false,
  mayBeEvicted: false,
  spentBootIds: [],
  history: [],
  dryHistory: [],
  learnedFloorBytes: null,
  uselessRestarts: 0,
};

interface Setting {
  readonly boots?: readonly Boot[];
  readonly ledger?: Partial<LedgerFacts> | null;
  readonly permissions?: Partial<Permissions>;
  readonly policy?: Partial<Policy>;
  readonly facts?: DynoFacts | null;
  readonly listings?: readonly Listing[];
  readonly up?: number | null;
  readonly nowMs?: number;
  readonly hindrance?: DecideInput['hindrance'];
}

function decideFor(setting: Setting): readonly Decision[] {
  const boots = setting.boots ?? [bootOf(bloated, WINDOWS)];
  return decide({
    boots: boots.map((boot, index) => ({
      boot,
      facts: setting.facts === undefined ? facts : setting.facts,
      listing: setting.listings?.[index] ?? null,
    })),
    ledgers: new Map([['shop:worker', setting.ledger === null ? null : { ...freeLedger, ...setting.ledger }]]),
    nowMs: setting.nowMs ?? START_MS + WINDOWS * WINDOW_MS,
    policy: { ...policy, ...setting.policy },
    permissions: { allowed: [TARGET], dryRun: false, ownApp: null, ...setting.permissions },
    upCount: () => (setting.up === undefined ? 2 : setting.up),
    hindrance: setting.hindrance ?? null,
  });
}

describe('a bloated boot', () => {
  it('is restarted, with its numbers and a sentence', () => {
    const [decision] = decideFor({});
    expect(decision).toMatchObject({
      class: 'bloat',
      action: 'restart',
      reason: 'sustained-over-soft-limit',
      limitBytes: 512 * MIB,
      dryRun: false,
      target: TARGET,
    });
    expect(decision?.explanation).toMatch(
      /floor rose in \d steps? to 88 % of 512 MB and stayed for \d.*; left alone it stays over the soft limit, a restart gives back about 350 MB\./,
    );
  });

  const laterMs = START_MS + 10_000_000;
  it.each<[string, Setting]>([
    ['app-unknown', { boots: [bootOf(bloated, WINDOWS, { app: null })] }],
    ['not-allowed', { permissions: { allowed: [] } }],
    ['not-allowed', { permissions: { allowed: [{ app: 'shop', processType: 'web' }] } }],
    ['ledger-unavailable', { ledger: null }],
    ['paused', { ledger: { paused: true } }],
    ['ledger-hold', { ledger: { heldUntilMs: laterMs } }],
    ['attempt-open', { ledger: { open: {} } }],
    ['boot-spent', { ledger: { spentBootIds: ['worker.1-boot'] } }],
    ['cooldown', { ledger: { cooldownUntilMs: laterMs } }],
    ['budget', { ledger: { sentLastHour: 4 } }],
    ['min-healthy', { policy: { minHealthy: 2 }, up: 2 }],
    ['min-healthy', { policy: { minHealthy: 1 }, up: null }],
    ['platform-unavailable', { hindrance: 'platform-unavailable' }],
    ['taking-over', { hindrance: 'taking-over' }],
    ['paused', { ledger: { paused: true }, hindrance: 'taking-over' }],
    ['min-uptime', { policy: { minUptimeMs: 1_000_000_000 }, facts: { ...facts, createdAtMs: START_MS } }],
  ])('is not restarted: %s', (reason, setting) => {
    const [decision] = decideFor(setting);
    expect(decision?.action).toBe('none');
    // Below the least uptime the curve is not even called bloat.
    expect(['min-uptime', 'warming-up'].includes(reason) ? ['min-uptime', 'warming-up'] : [reason]).toContain(
      decision?.reason,
    );
  });

  it('draws advice while the breaker is open', () => {
    const [decision] = decideFor({ ledger: { breakerOpenUntilMs: laterMs } });
    expect(decision).toMatchObject({ action: 'advise', reason: 'breaker-open' });
  });

  it('draws advice where its ledger may be dropped, whatever else stands against it', () => {
    const [decision] = decideFor({ ledger: { mayBeEvicted: true, paused: true } });
    expect(decision).toMatchObject({
      action: 'advise',
      reason: 'eviction-policy',
      wanted: 'sustained-over-soft-limit',
    });
    expect(decision?.explanation).toContain('maxmemory-policy to noeviction');
  });

  it('stays dry where its target is on the dry list, with a cooldown of its own', () => {
    expect(decideFor({ permissions: { dryRun: [TARGET] } })[0]).toMatchObject({ action: 'restart', dryRun: true });
    expect(decideFor({ permissions: { dryRun: true }, ledger: { dryCooldownUntilMs: laterMs } })[0]).toMatchObject({
      reason: 'cooldown',
    });
  });

  it('draws advice where its quota is unknown', () => {
    expect(decideFor({ facts: null })[0]).toMatchObject({ action: 'advise', reason: 'limit-unknown' });
  });

  it('that is silent is not acted on', () => {
    expect(decideFor({ nowMs: START_MS + (WINDOWS + 10) * WINDOW_MS })[0]).toMatchObject({
      action: 'none',
      reason: 'silent',
    });
  });
});

describe('a boot with jobs running', () => {
  /** On a plateau of 404 MB, which after 30 windows comes to lie over the soft limit of 410. */
  const nudged = (window: number) => (window < 30 ? Math.min(404, bloated(window)) : 414);
  const busy = (windows: number) => bootOf(nudged, windows, { activeJobs: 1, limitBytes: 512 * MIB });
  const decideAfter = (windows: number, setting: Setting = {}) =>
    decideFor({ boots: [busy(windows)], nowMs: START_MS + windows * WINDOW_MS, ...setting })[0];
  /**
   * Three windows show it, the floor of a busy bucket is the lowest of three, and near the soft limit it must stay for
   * 15.
   */
  const WANTED = 50;

  it('is waited for, though not for long', () => {
    expect(decideAfter(WANTED)).toMatchObject({
      action: 'none',
      reason: 'jobs-running',
      wanted: 'sustained-over-soft-limit',
    });
    expect(decideAfter(WANTED)?.explanation).toMatch(
      /Waiting: \d+ jobs? .* running\. Tidemark waits for a moment without jobs until .* UTC\.$/,
    );
    expect(decideAfter(WANTED + 4)).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('is not waited for where its jobs end', () => {
    const boot = { ...busy(WANTED), activeJobs: 0 };
    expect(decideAfter(WANTED, { boots: [boot] })).toMatchObject({ action: 'restart' });
  });

  it('is not waited for where nobody counts jobs', () => {
    const boot = { ...busy(WANTED), activeJobs: null };
    expect(decideAfter(WANTED, { boots: [boot] })).toMatchObject({ action: 'restart' });
  });

  it('is not waited for over the hard limit', () => {
    const full = bootOf((window) => bloated(window) + (window < 20 ? 0 : 80), WINDOWS, { activeJobs: 1 });
    expect(decideFor({ boots: [full] })[0]).toMatchObject({ action: 'restart', reason: 'hard-limit', urgent: true });
  });

  it('is told of every other hindrance first', () => {
    expect(decideAfter(WANTED, { ledger: { cooldownUntilMs: START_MS + 10_000_000 } })?.reason).toBe('cooldown');
  });
});

describe('a target whose restarts were of no use', () => {
  /** At its plateau within a quarter of an hour of windows; and the same much later. */
  const backSoon = bootOf(bloated, WINDOWS);
  const slow = (window: number) => Math.min(450, window < 120 ? 100 : 100 + Math.floor(window - 119) * 90);

  it.each<[string, number, 'restart' | 'advise']>([
    ['is restarted after none', 0, 'restart'],
    ['is restarted after one', 1, 'restart'],
    ['draws advice after two', 2, 'advise'],
    ['draws advice after more', 7, 'advise'],
  ])('and whose memory is back within minutes %s', (_, uselessRestarts, action) => {
    const [decision] = decideFor({ boots: [backSoon], ledger: { uselessRestarts } });
    expect(decision?.action).toBe(action);
    if (action === 'restart') return;
    expect(decision).toMatchObject({ reason: 'memory-comes-back', wanted: null });
    expect(decision?.explanation).toContain('a bigger dyno or less concurrency is needed');
  });

  it('is restarted where this boot took long to come there', () => {
    const boots = [bootOf(slow, 150)];
    const [decision] = decideFor({ boots, nowMs: START_MS + 150 * WINDOW_MS, ledger: { uselessRestarts: 2 } });
    expect(decision).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('draws advice over the hard limit too, and is restarted where the platform is about to kill it', () => {
    const over = bootOf((window) => (window < 12 ? 100 : 530), WINDOWS);
    expect(decideFor({ boots: [over], ledger: { uselessRestarts: 2 } })[0]).toMatchObject({
      action: 'advise',
      reason: 'memory-comes-back',
    });
    const rising = bootOf((window) => 100 + window * 9, WINDOWS);
    const killBytes = 500 * MIB;
    expect(
      decideFor({ boots: [rising], facts: { ...facts, killBytes }, ledger: { uselessRestarts: 2 } })[0],
    ).toMatchObject({ action: 'restart', reason: 'kill-point' });
  });
});

describe('several boots of a target', () => {
  it('are restarted one at a time, the fullest first', () => {
    const fuller = bootOf((window) => bloated(window) + 20, WINDOWS, { dyno: 'worker.2' });
    const decisions = decideFor({ boots: [bootOf(bloated, WINDOWS), fuller] });
    expect(decisions.map(({ action }) => action)).toEqual(['none', 'restart']);
    expect(decisions[0]?.reason).toBe('another-first');
  });
});

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

describe('a boot whose last attempt was abandoned', () => {
  const nowMs = START_MS + 1_000_000;
  const abandoned = (agoWindows: number, changes = {}) => ({
    dyno: 'worker.1',
    bootId: 'worker.1-boot',
    outcome: 'abandoned' as const,
    closedAtMs: nowMs - agoWindows * WINDOW_MS,
    usageBytes: null,
    ...changes,
  });
  const reasonFor = (ledger: Partial<LedgerFacts>, setting: Setting = {}) =>
    decideFor({ ledger: { nowMs, ...ledger }, ...setting })[0]?.reason;

  it('waits for five windows, and another boot of the target does not', () => {
    expect(reasonFor({ history: [abandoned(4.9)] })).toBe('abandoned-lately');
    expect(reasonFor({ history: [abandoned(5)] })).toBe('sustained-over-soft-limit');
    const fuller = bootOf((window) => bloated(window) + 20, WINDOWS, { dyno: 'worker.2' });
    const decisions = decideFor({
      boots: [bootOf(bloated, WINDOWS), fuller],
      ledger: { nowMs, history: [abandoned(1, { dyno: 'worker.2', bootId: 'worker.2-boot' })] },
    });
    expect(decisions.map(({ action }) => action)).toEqual(['restart', 'none']);
  });

  it.each<[string, object]>([
    ['another boot of that name', { bootId: 'other' }],
    ['another name', { dyno: 'worker.2' }],
    ['another outcome', { outcome: 'refused' }],
  ])('does not wait for %s', (_, changes) => {
    expect(reasonFor({ history: [abandoned(1, changes)] })).toBe('sustained-over-soft-limit');
  });

  it('waits by the dry history where it is dry', () => {
    expect(reasonFor({ dryHistory: [abandoned(1)] })).toBe('sustained-over-soft-limit');
    expect(reasonFor({ dryHistory: [abandoned(1)] }, { permissions: { dryRun: true } })).toBe('abandoned-lately');
  });
});

describe('a dyno that was restarted twice within hours', () => {
  const nowMs = START_MS + 100_000_000;
  const restarted = (hoursAgo: number, usageMb: number, dyno = 'worker.1') => ({
    dyno,
    bootId: 'gone',
    outcome: 'restarted' as const,
    closedAtMs: nowMs - hoursAgo * 3_600_000,
    usageBytes: usageMb * MIB,
  });
  const decisionFor = (history: LedgerFacts['history']) => decideFor({ ledger: { nowMs, history } })[0];

  it('is not restarted again below its quota, and the advice says when it will be', () => {
    const decision = decisionFor([restarted(1, 450), restarted(3, 450)]);
    expect(decision).toMatchObject({ action: 'advise', reason: 'memory-comes-back' });
    expect(decision?.explanation).toContain(
      'the last restarts were less than 3 h apart, so the next one waits until usage is at 507 MB',
    );
  });

  it.each<[string, LedgerFacts['history']]>([
    ['it was restarted once', [restarted(1, 450)]],
    ['the restarts were far apart', [restarted(1, 450), restarted(5, 450)]],
    ['another dyno was restarted', [restarted(1, 450), restarted(2, 450, 'worker.2')]],
    ['it has been seen to fill up to its quota this week', [restarted(1, 450), restarted(2, 450), restarted(100, 508)]],
  ])('is restarted early where %s', (_, history) => {
    expect(decisionFor(history)).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('is restarted over its hard limit all the same', () => {
    const over = bootOf((window) => bloated(window) + 150, WINDOWS);
    const [decision] = decideFor({
      boots: [over],
      ledger: { nowMs, history: [restarted(1, 450), restarted(2, 450)] },
    });
    expect(decision).toMatchObject({ action: 'restart', reason: 'hard-limit' });
  });
});

describe('a boot that fills up in its warm-up', () => {
  const filled = bootOf((window) => (window < 1 ? 100 : 773), WINDOWS);

  it('is restarted where the boots of its target have shown a lower floor than its own', () => {
    const [decision] = decideFor({ boots: [filled], ledger: { learnedFloorBytes: 100 * MIB } });
    expect(decision).toMatchObject({ class: 'bloat', action: 'restart', reason: 'hard-limit' });
    expect(decision?.explanation).toContain('gives back about 673 MB');
  });

  it.each([
    [null, 'unknown', 'advise'],
    [900 * MIB, 'unknown', 'advise'],
  ])(
    'is compared with its own floor where that is the lower one (%s), and is not called healthy',
    (learned, name, action) => {
      const [decision] = decideFor({ boots: [filled], ledger: { learnedFloorBytes: learned } });
      expect(decision).toMatchObject({ class: name, action, reason: 'working-set', reclaimableBytes: 0 });
    },
  );

  it('is healthy below its quota, and not over it, whatever the floor was', () => {
    const classAt = (usageMb: number) => decideFor({ boots: [bootOf(() => usageMb, WINDOWS)] })[0]?.class;
    expect(classAt(500)).toBe('healthy');
    expect(classAt(513)).toBe('unknown');
    const peak = { ...bootOf(() => 500, WINDOWS), usageBytes: 520 * MIB };
    expect(decideFor({ boots: [peak] })[0]?.class).toBe('unknown');
  });
});

describe('a high floor that was never seen to rise', () => {
  const high = bootOf(() => 470, WINDOWS);
  const old: DynoFacts = { ...facts, createdAtMs: START_MS - 10_000_000 };
  const seenLate: Boot = { ...high, identity: { ...high.identity, startTimeMs: START_MS - 10_000_000 } };

  it('draws advice while nothing is known that a restart would give back', () => {
    expect(decideFor({ boots: [seenLate], facts: old })[0]).toMatchObject({
      action: 'advise',
      reason: 'reclaimable-unknown',
    });
  });

  it('is restarted where it rose after it was first seen, for that much comes back', () => {
    const risen = bootOf((window) => (window < 8 ? 250 : Math.min(470, 250 + (window - 7) * 55)), WINDOWS);
    const risenLate: Boot = { ...risen, identity: { ...risen.identity, startTimeMs: START_MS - 10_000_000 } };
    const [decision] = decideFor({ boots: [risenLate], facts: old });
    expect(decision).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
    // A floor is the lowest of some readings, less what noise made of it: good to a ten-thousandth.
    expect(Math.round((decision?.reclaimableBytes ?? 0) / MIB)).toBe(220);
  });

  it('is restarted where other boots of the target have shown a low floor', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, ledger: { learnedFloorBytes: 100 * MIB } });
    expect(decision).toMatchObject({
      action: 'restart',
      reason: 'sustained-over-soft-limit',
      reclaimableBytes: 370 * MIB,
    });
  });

  it('draws advice where other boots have shown the same floor', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, ledger: { learnedFloorBytes: 460 * MIB } });
    expect(decision).toMatchObject({ action: 'advise', reason: 'working-set' });
  });

  it('is restarted over the hard limit, even where nothing is known', () => {
    const over: Boot = { ...bootOf(() => 530, WINDOWS), identity: seenLate.identity };
    expect(decideFor({ boots: [over], facts: old })[0]).toMatchObject({
      action: 'restart',
      reason: 'hard-limit',
      urgent: true,
    });
  });

  it('is restarted over the absolute limit', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, policy: { maxRssBytes: 400 * MIB } });
    expect(decision).toMatchObject({ action: 'restart', reason: 'max-rss' });
  });
});

describe('the sentence on why a restart is not made now', () => {
  const at = (clock: string) => Date.parse(`2026-03-01T${clock}Z`);
  const nowMs = at('14:20:00');
  const boots = () => {
    const boot = bootOf(bloated, WINDOWS);
    return [{ ...boot, lastPointMs: nowMs }];
  };
  it.each<[string, Setting]>([
    [
      'Waiting: last restart 3 min ago; next possible at 14:32 UTC.',
      { ledger: { nowMs, cooldownUntilMs: at('14:32:00') }, policy: { cooldownMs: 15 * 60_000 } },
    ],
    ['shop:worker is not on the allow-list; Tidemark would have restarted it.', { permissions: { allowed: [] } }],
    [
      'Waiting: the ledger in Redis is new; next possible at 14:25 UTC.',
      { ledger: { nowMs, heldUntilMs: at('14:25:00') } },
    ],
    [
      'Waiting: 4 of 4 restarts an hour are used up; next possible when the oldest of them is an hour ago.',
      {
        ledger: { sentLastHour: 4 },
      },
    ],
    [
      'Waiting: 0 other dynos of shop:worker are up; at least 1 must be during a restart.',
      {
        up: 1,
        policy: { minHealthy: 1 },
      },
    ],
    [
      'Tidemark restarts it again from 2026-03-02 14:20 UTC, after a new release, or after: tidemark resume shop:worker.',
      { ledger: { nowMs, breakerOpenUntilMs: nowMs + 86_400_000 } },
    ],
  ])('ends with "%s"', (sentence, setting) => {
    const [decision] = decideFor({ ...setting, boots: boots(), nowMs });
    expect(decision?.explanation.endsWith(` ${sentence}`), decision?.explanation).toBe(true);
    expect(decision?.explanation).not.toContain(decision?.reason);
  });
});
