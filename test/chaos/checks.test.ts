import { expect, it, onTestFinished } from 'vitest';
import type { HistoryEntry } from '../../src/ports.ts';
import { startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { violations } from './checks.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];

/** A boot for which two requests are made: the first one is refused. */
async function evidenceOf(...outcomes: readonly HistoryEntry['outcome'][]) {
  const formation = [{ type: 'worker', command: SLEEPER, quantity: 1 }];
  const manager = await startDynoManager({ apps: [{ name: 'shop', formation }], token: TOKEN });
  onTestFinished(() => manager.stop());
  const bootId = manager.dynos()[0]?.dynoId ?? '';
  const path = '/apps/shop/dynos/worker.1';
  const headers = { accept: 'application/vnd.heroku+json; version=3', authorization: `Bearer ${TOKEN}` };
  manager.faults.next('DELETE', path, { kind: 'status', status: 409 });
  const statuses: number[] = [];
  for (let count = 0; count < 2; count += 1) {
    const response = await fetch(`${manager.url}${path}`, { method: 'DELETE', headers });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([409, 202]);
  const history = outcomes.map((outcome, index) => entry(bootId, outcome, outcomes.length - index));
  return {
    log: manager.log,
    deletedPaths: [path, path],
    history,
    done: new Map(),
    added: [],
    failed: 0,
    stalled: [],
    kills: 0,
    bloatedBoots: new Set([bootId]),
  };
}

/** One a second after the other. */
function entry(bootId: string, outcome: HistoryEntry['outcome'], second: number): HistoryEntry {
  return {
    attemptId: `attempt-${second}`,
    dyno: 'worker.1',
    bootId,
    outcome,
    by: 'policy',
    reason: 'sustained-over-soft-limit',
    sendingAtMs: second * 1_000,
    closedAtMs: second * 1_000 + 500,
    usageBytes: null,
    reclaimedBytes: null,
    backAfterMs: null,
    expectedBytes: null,
  };
}

it('explains a second request by an attempt that was refused', async () => {
  expect(violations(await evidenceOf('restarted', 'refused'))).toEqual([]);
});

it.each([[['restarted']], [['unconfirmed']]] as const)('explains it by no other: %j', async (outcomes) => {
  expect(violations(await evidenceOf(...outcomes))).toEqual([expect.stringMatching(/^boot .* was restarted twice/)]);
});

it('finds two attempts that were sent for one boot', async () => {
  const found = violations(await evidenceOf('restarted', 'unconfirmed'));
  expect(found.map((one) => one.replace(/boot \S+/, 'boot X'))).toEqual([
    'boot X was sent for twice',
    'boot X was restarted twice (restarted, unconfirmed)',
  ]);
});
