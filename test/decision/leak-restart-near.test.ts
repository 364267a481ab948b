import { expect, it } from 'vitest';
import { isLeakRestartNear } from '../../src/decision/leak-restart-near.ts';
import type { Decision } from '../../src/model/decision.ts';
import { aDecision } from '../models/decisions.ts';

const MINUTE_MS = 60_000;
const HORIZON_MS = 30 * MINUTE_MS;
const LEAK: Partial<Decision> = { class: 'leak', dryRun: false, target: { app: 'shop', processType: 'worker' } };
const FAR: Partial<Decision> = { ...LEAK, action: 'none', reason: 'leak-far-from-limit', wanted: null };
const WANTED: Partial<Decision> = { ...LEAK, action: 'none', wanted: 'leak-near-limit', timeToLimitMs: MINUTE_MS };

it.each<[string, Partial<Decision>, boolean]>([
  ['two horizons before the limit', { ...FAR, timeToLimitMs: 60 * MINUTE_MS }, true],
  ['earlier', { ...FAR, timeToLimitMs: 61 * MINUTE_MS }, false],
  ['while the rise may still be the start', { ...FAR, reason: 'warming-up', timeToLimitMs: 5 * MINUTE_MS }, true],
  ["when the platform's own restart is first", { ...FAR, reason: 'cycle-comes-first', timeToLimitMs: 0 }, false],
  ['when it is restarted now', { ...WANTED, action: 'restart', reason: 'leak-near-limit' }, true],
  ['when jobs run', { ...WANTED, reason: 'jobs-running' }, true],
  ['when the cooldown runs', { ...WANTED, reason: 'cooldown' }, true],
  ['during its attempt', { ...WANTED, reason: 'attempt-open' }, true],
  ['when a person has paused restarts', { ...WANTED, reason: 'paused' }, false],
  ['when the breaker is open', { ...WANTED, reason: 'breaker-open' }, false],
  ['in a dry run', { ...WANTED, action: 'restart', reason: 'leak-near-limit', dryRun: true }, false],
  ['of an unknown app', { ...WANTED, action: 'restart', reason: 'leak-near-limit', target: null }, false],
  ['of bloat', { ...WANTED, class: 'bloat', action: 'restart', reason: 'sustained-over-soft-limit' }, false],
])('a restart for a leak %s', (_when, changes, isNear) => {
  expect(isLeakRestartNear(aDecision(changes), HORIZON_MS)).toBe(isNear);
});
