import { describe, expect, it } from 'vitest';
import { describeStatus } from '../../src/commands/status.ts';
import type { Decision } from '../../src/web/schema/decision.ts';
import { someJobs } from '../page/lab/answers.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 14, 0);
const MIB = 1024 ** 2;
const LONG_APP = 'an-app-whose-name-is-30-letters';

const assessed = {
  app: LONG_APP,
  dyno: 'worker.12',
  process_type: 'worker',
  boot_id: 'b1',
  class: 'sawtooth',
  action: 'advise',
  reason: 'reclaimable-unknown',
  explanation:
    'floor rose in 4 steps to 88 % of 14336 MB and stayed for 40 min; left alone it stays over the soft limit.',
  usage_bytes: 12_345 * MIB,
  limit_bytes: 14_336 * MIB,
  soft_limit_bytes: null,
  hard_limit_bytes: null,
  floor_bytes: null,
  reclaimable_bytes: null,
  time_to_limit_ms: null,
  active_jobs: null,
  dry_run: false,
  held_by: null,
} as const;

const dyno = { ...assessed, release: null, completed_jobs: null, first_point_ms: 0, last_point_ms: NOW_MS };
const decision: Decision = { ...assessed, time: '', time_ms: NOW_MS - 60_000, outcome: 'restarted' };

const attempt = {
  id: 'a1',
  app: LONG_APP,
  dyno: 'worker.12',
  process_type: 'worker',
  boot_id: 'b1',
  phase: 'closed' as const,
  outcome: 'restarted' as const,
  evidence: 'worker.12 has a new boot (01234567-89ab-cdef-0123-456789abcdef)',
  by: 'person' as const,
  dry_run: false,
  claimed_at_ms: NOW_MS - 60_000,
  deadline_ms: null,
  closed_at_ms: NOW_MS - 48_000,
  reclaimed_bytes: 300 * MIB,
};

const snapshot = {
  ready: true,
  leading: true,
  ledger: 'available' as const,
  restarts: 'off: paused',
  read_from: 'actuator' as const,
  source: 'http://127.0.0.1:4318',
  platform_refuses: null,
  actuators: [],
  targets: [
    {
      target: `${LONG_APP}:worker`,
      restarts: 'off' as const,
      dry_run: false,
      restarts_last_hour: 1,
      max_restarts_per_hour: 4,
      obstacles: [
        {
          code: 'paused',
          until_ms: null,
          says: 'paused by a person since 13:30 UTC',
          advice: `end it with: tidemark resume ${LONG_APP}:worker`,
        },
      ],
    },
  ],
  refused: [
    {
      app: LONG_APP,
      kind: 'too-old',
      count: 12,
      first_ms: NOW_MS,
      last_ms: NOW_MS,
      says: `measurements of ${LONG_APP} refused: they are 5 min old when they arrive`,
      advice: 'set the clock of the worker and of this machine',
    },
  ],
  platform: { calls_used: 37, calls_left: 4088, budget: 1500, budget_left: 150 },
  jobs: someJobs(),
  dynos: [dyno, { ...dyno, app: 'b', dyno: 'web.1', usage_bytes: null }],
  attempts: [
    { ...attempt, id: 'a2', phase: 'draining' as const, outcome: null, deadline_ms: NOW_MS + 120_000 },
    attempt,
  ],
  decisions: [decision],
};

describe('what a person reads of the status', () => {
  it.each([80, 100])('fits into %i columns', (columns) => {
    const lines = describeStatus(snapshot, columns, NOW_MS).split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });

  it('holds no character of a sender that a terminal obeys, and no line of its own', () => {
    const evil = 'a\u001b[2J\u009b\u202e\r\nRestarts are on';
    const named = { ...dyno, app: evil, dyno: evil };
    const explained = { ...decision, app: evil, dyno: evil, explanation: evil };
    const text = describeStatus({ ...snapshot, dynos: [named], decisions: [explained] }, 100, NOW_MS);
    expect(text).toMatch(/^[ -~\n]+$/);
    expect(text).not.toMatch(/^ *Restarts are on/m);
  });

  it('names the jobs that grew memory, the worst first, and none that gave memory back', () => {
    const text = describeStatus(snapshot, 100, NOW_MS);
    expect(text).toContain('shop:worker import-records: memory grew by 388 MB in 1204 runs');
    expect(text.indexOf('import-records')).toBeLessThan(text.indexOf('render-attachment'));
    expect(text).not.toContain('all other names');
  });

  it('begins with whether restarts are on, and says why not and what ends it', () => {
    const text = describeStatus(snapshot, 100, NOW_MS);
    expect(text).toMatch(/^Restarts are off: paused\nPlatform calls: 37 in the last hour;/);
    expect(text).toContain(
      `paused by a person since 13:30 UTC\n    -> end it with: tidemark resume ${LONG_APP}:worker`,
    );
    expect(text).toContain('restarts off, 1 of 4 used this hour');
  });

  it("shows a person's restart under way with its latest end, and how one ended, on what evidence", () => {
    const text = describeStatus(snapshot, 200, NOW_MS);
    expect(text).toMatch(
      /worker\.12: under way, its running jobs may finish, until 14:02 UTC at the latest, asked for/,
    );
    expect(text).toMatch(
      /worker\.12: restarted after 12 s, asked for by a person\n {4}worker\.12 has a new boot.*300 MB/,
    );
  });

  it('shows what was refused, with what to do', () => {
    expect(describeStatus(snapshot, 200, NOW_MS)).toMatch(
      /Refused measurements\n {2}measurements of .* 5 min old .* \(12 in all, last at 14:00 UTC\)\n {4}-> set the/,
    );
  });

  it('says so where there is nothing', () => {
    const nothing = { ...snapshot, targets: [], refused: [], dynos: [], attempts: [], decisions: [] };
    const text = describeStatus({ ...nothing, platform_refuses: 'unauthorized: bad token' }, 80, NOW_MS);
    expect(text).toMatch(
      /Restarts are off: paused\n {2}unauthorized: bad token\n(.+\n)+\nDynos\n {2}none: no measurements/,
    );
    expect(text).not.toContain('Refused');
  });
});
