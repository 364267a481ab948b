import { type ClosedAttempt, FAILED_REASON, FRUITLESS_REASON } from '../../../src/attempt/breaker.ts';
import { FLOORS_LEARNED, FLOORS_PER_DYNO } from '../../../src/decision/learned.ts';

/** Rules that stand twice, in TypeScript and in the ledger's Lua: these cases hold the two to the same answers. */

const USAGE_BYTES = 400 * 1024 ** 2;

/** Oldest first, as they come to pass. */
export type BreakerCase = readonly [where: string, closed: readonly ClosedAttempt[], reason: string | null];

function restarted(reclaimedBytes: number | null, backAfterMs: number | null = null): ClosedAttempt {
  return { outcome: 'restarted', notTheTargets: false, usageBytes: USAGE_BYTES, reclaimedBytes, backAfterMs };
}

function closed(outcome: ClosedAttempt['outcome'], notTheTargets = false): ClosedAttempt {
  return { outcome, notTheTargets, usageBytes: USAGE_BYTES, reclaimedBytes: null, backAfterMs: null };
}

const NOTHING = restarted(0);
const MUCH = restarted(0.5 * USAGE_BYTES);
const UNCONFIRMED = closed('unconfirmed');
const REFUSED = closed('refused');

export const BREAKER_CASES: readonly BreakerCase[] = [
  ['nothing was closed', [], null],
  ['one restart gave nothing back', [NOTHING], null],
  ['two in a row gave nothing back', [NOTHING, NOTHING], FRUITLESS_REASON],
  ['two gave back exactly the share that is noise', [restarted(0.05 * USAGE_BYTES), NOTHING], FRUITLESS_REASON],
  ['one of two gave back a little more than noise', [NOTHING, restarted(0.06 * USAGE_BYTES)], null],
  ['the second freed memory', [NOTHING, MUCH], null],
  ['the first freed memory', [MUCH, NOTHING], null],
  ['memory was lost by two restarts', [restarted(-5), restarted(-500)], FRUITLESS_REASON],
  [
    'two freed memory that was soon back',
    [restarted(USAGE_BYTES, 60_000), restarted(USAGE_BYTES, 1)],
    FRUITLESS_REASON,
  ],
  ['one gave nothing and the next was soon back', [NOTHING, restarted(null, 60_000)], FRUITLESS_REASON],
  ['nothing is known yet of one between two useless ones', [NOTHING, restarted(null), NOTHING], FRUITLESS_REASON],
  ['two attempts failed', [UNCONFIRMED, REFUSED], null],
  ['three failed', [UNCONFIRMED, REFUSED, UNCONFIRMED], FAILED_REASON],
  ['a refusal was not the fault of the target', [UNCONFIRMED, closed('refused', true), REFUSED], null],
  [
    'three failed and others sent nothing',
    [REFUSED, closed('already-gone'), REFUSED, closed('abandoned'), REFUSED],
    FAILED_REASON,
  ],
  ['a restart came between the failures', [REFUSED, REFUSED, restarted(null), REFUSED], null],
  ['useless restarts with failures between', [NOTHING, UNCONFIRMED, NOTHING], FRUITLESS_REASON],
];

/** `dyno/boot`, in the order in which they are learned, and what is kept, newest first. */
export type LearningCase = readonly [where: string, learned: readonly string[], kept: readonly string[]];

const NUMBERED = Array.from({ length: FLOORS_LEARNED + 2 }, (_, index) => `worker.${index}/boot`);

export const LEARNING_CASES: readonly LearningCase[] = [
  ['three dynos report', ['a/1', 'b/1', 'c/1'], ['c/1', 'b/1', 'a/1']],
  ['a boot reports again: the last report stands', ['a/1', 'b/1', 'a/1'], ['a/1', 'b/1']],
  ['another dyno has the same boot id', ['a/1', 'b/1'], ['b/1', 'a/1']],
  [
    `a dyno has started more than ${FLOORS_PER_DYNO} times`,
    ['b/1', 'a/1', 'a/2', 'a/3', 'a/4', 'a/5'],
    ['a/5', 'a/4', 'a/3', 'b/1'],
  ],
  ['more dynos report than are kept', NUMBERED, NUMBERED.slice(2).toReversed()],
];
