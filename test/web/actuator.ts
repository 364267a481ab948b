import type { Attempt } from '../../src/attempt/attempt.ts';
import { standingOf } from '../../src/decision/standing.ts';
import type { TargetJobs } from '../../src/job-totals/figures.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Target } from '../../src/model/target.ts';
import type { ActuatorControl, RestartRequestAnswer } from '../../src/web/control.ts';
import type { CurveView, DynoDetailView, DynoView, Overview } from '../../src/web/views.ts';
import { pageOf } from './page-of.ts';

/** An actuator that shows one dyno, and notes what it is asked to do. */

export const decision: Decision = {
  timeMs: 1_700_000_000_000,
  app: 'shop',
  dyno: 'worker.1',
  processType: 'worker',
  bootId: 'boot-1',
  target: { app: 'shop', processType: 'worker' },
  class: 'bloat',
  action: 'restart',
  reason: 'sustained-over-soft-limit',
  explanation: 'floor rose in 4 steps',
  usageBytes: 450,
  limitBytes: 512,
  softLimitBytes: 410,
  hardLimitBytes: 512,
  floorBytes: 440,
  reclaimableBytes: 300,
  timeToLimitMs: null,
  activeJobs: 0,
  urgent: false,
  patientUntilMs: null,
  wanted: null,
  dryRun: false,
};

const SHOP = { app: 'shop', processType: 'worker' };
const PERMISSIONS = { allowed: [SHOP], dryRun: true, ownApp: null };

export const attempt: Attempt = {
  id: 'a1',
  target: SHOP,
  dyno: 'worker.1',
  bootId: 'boot-1',
  bootStartTimeMs: null,
  bootIdSource: 'platform',
  platformDynoId: 'boot-1',
  phase: 'closed',
  epoch: 3,
  by: 'person',
  dryRun: false,
  reason: 'requested',
  explanation: 'A person asked for it.',
  usageBytes: 450,
  floorBytes: 440,
  limitBytes: 512,
  claimedAtMs: 1000,
  deadlineMs: 91_000,
  sendingAtMs: 2000,
  closedAtMs: 5000,
  outcome: 'restarted',
  evidence: 'worker.1 has a new boot (boot-2)',
};

const record = { attempt, reclaimedBytes: 300, backAfterMs: null, jobsNow: null };

const curve: CurveView = { timesMs: [1, 2], usageBytes: [100, null], floorBytes: [90, 91], activeJobs: [0, null] };
const mark = { timeMs: 2, kind: 'deploy', says: 'deploy: v1 to v2', attemptId: null } as const;

export const view: DynoView = {
  decision,
  release: 'v1',
  classSinceMs: 1_600_000_000_000,
  swapBytes: 20,
  jobsHoldBytes: 30,
  oldestJobStartMs: null,
  completedJobs: 7,
  startedAtMs: 1,
  firstPointMs: 1,
  lastPointMs: 2,
  isStale: false,
  heldBy: null,
  attemptId: null,
  history: () => ({ curve, marks: [mark] }),
};

const detail: DynoDetailView = {
  view,
  curve,
  marks: [mark],
  checks: [{ code: 'cooldown', ok: false, says: 'Waiting: last restart 3 min ago.', untilMs: 5 }],
  suspects: [{ queue: 'q', name: 'import', netBytes: 300, runs: 4, known: 'exclusive' }],
  pastBoots: [
    {
      bootId: 'boot-0',
      release: 'v0',
      firstPointMs: 0,
      lastPointMs: 1,
      peakBytes: 500,
      floorBytes: 400,
      class: 'leak',
      ended: 'restart',
      curve,
    },
  ],
  numbers: [{ code: 'floor', name: 'floor', value: 440, unit: 'bytes' }],
  graceMs: 120_000,
};

const jobs: TargetJobs = {
  app: 'shop',
  processType: 'worker',
  sinceMs: 1,
  jobs: [
    {
      queue: 'q',
      name: 'import',
      netBytes: 300,
      runs: 4,
      known: 'exclusive',
      heldPerRunBytes: 10,
      growthMedianBytes: 5,
      growthWorstBytes: 100,
      dynos: [{ dyno: 'worker.1', bootId: 'boot-1', netBytes: 300, runs: 4 }],
    },
  ],
  idleNetBytes: -5,
  queues: [{ queue: 'q', activeJobs: 1, heldBytes: 10 }],
  namesLeftOut: 0,
  lastPointMs: 2,
};

const overview: Overview = {
  nowMs: 1_700_000_000_000,
  readFrom: 'actuator',
  startedAtMs: 1,
  windowMs: 60_000,
  acting: false,
  ingest: { overHttp: true, overRedis: false, needsToken: true, pointsPerMinute: null },
  platform: { configured: true, refuses: null, calls: { left: 4400, used: 12, budget: 1500, budgetLeft: 150 } },
  totals: {
    dynos: 1,
    overSoftLimit: 1,
    overLimit: 0,
    stale: 0,
    restarts24h: 2,
    givenBack24hBytes: 600,
    useless24h: 0,
    overLimit24hMs: 1000,
  },
  actuators: [
    {
      id: 'a1',
      name: 'tidemark.1',
      answers: true,
      leads: true,
      silentSinceMs: null,
      partitions: null,
      targets: ['shop:worker'],
      dynos: 1,
    },
  ],
  unreadBoots: 0,
  groups: [
    {
      app: 'shop',
      processType: 'worker',
      isAllowed: true,
      dynos: 1,
      overSoftLimit: 1,
      overLimit: 0,
      stale: 0,
      classes: { bloat: 1 },
      limitBytes: 512,
      activeJobs: 0,
      bytesPerJob: null,
      allocator: 'glibc',
      mallocArenaMax: '2',
      releases: ['v1'],
    },
  ],
  scoreboards: new Map([
    ['shop:worker', { sinceMs: 1, wouldHaveRestarted: 6, wouldHaveGivenBackBytes: 2300, overLimitMs: 720_000 }],
  ]),
};

interface Calls {
  readonly paused: (Target | null)[];
  /** Who paused. */
  readonly by: (string | null)[];
  readonly resumed: (Target | null)[];
  readonly restarted: string[];
}

export function actuator(restart: RestartRequestAnswer = { ok: true, attemptId: 'a1', dryRun: false, heldBy: null }) {
  const calls: Calls = { paused: [], by: [], resumed: [], restarted: [] };
  const control: ActuatorControl = {
    dynosInParts: () => [[view]],
    dynosAfter: (place, count) => pageOf([view], place, count),
    dyno: (app, dyno) => (app === 'shop' && dyno === 'worker.1' ? detail : null),
    decisions: (count) => [{ decision, outcome: 'restarted' as const }].slice(0, count),
    restart: async (app, dyno) => {
      calls.restarted.push(`${app}/${dyno}`);
      return restart;
    },
    pause: async (target, by = null) => {
      calls.paused.push(target);
      calls.by.push(by);
    },
    resume: async (target) => {
      calls.resumed.push(target);
    },
    health: () => ({ ready: true, leading: true, ledger: 'available', restarts: 'on' }),
    attempts: async (count) => [record].slice(0, count),
    attempt: async (id) => (id === 'a1' ? { record, before: curve, after: null } : null),
    hasReported: ({ app, processType }) => app === 'shop' && processType === 'worker',
    jobs: async () => [jobs],
    overview: async () => overview,
    standings: () => [standingOf({ target: SHOP, permissions: PERMISSIONS, maxRestartsPerHour: 4, ledger: null })],
    refusals: () => [
      { app: 'shop', kind: 'too-old', count: 12, firstMs: 1, lastMs: 2, says: 'they are old', advice: 'set the clock' },
    ],
    herokuWebhooks: { closed: () => 'not-configured', take: () => 'bad-signature' },
  };
  return { control, calls };
}
