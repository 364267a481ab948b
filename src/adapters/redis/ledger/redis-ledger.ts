import { randomUUID } from 'node:crypto';
import {
  type Attempt,
  CLAIM_DEADLINE_MS,
  isLegalMove,
  SEND_WINDOW_MS,
  startsCooldown,
} from '../../../attempt/attempt.ts';
import {
  BREAKER_FAILED,
  BREAKER_FRUITLESS,
  BREAKER_OPEN_MS,
  FAILED_REASON,
  FRUITLESS_REASON,
  NOTHING_BACK_FRACTION,
} from '../../../attempt/breaker.ts';
import { FLOORS_LEARNED, FLOORS_PER_DYNO } from '../../../decision/learned.ts';
import { LedgerUnavailable } from '../../../model/errors.ts';
import { STATE_OBSTACLES } from '../../../model/state-obstacle.ts';
import type { Target } from '../../../model/target.ts';
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, Ledger } from '../../../ports.ts';
import type { RedisConnection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';
import type { EvictionWatch } from '../server/eviction.ts';
import type { StateWatch } from '../server/state-watch.ts';
import { mendedIndex, metARecord, ofRecord, reportUseless, unreadable } from './ledger-faults.ts';
import { parseAttempt } from './ledger-record.ts';
import { viewOf } from './ledger-view.ts';
import type { RecordFaults } from './record-faults.ts';
import { ADVANCE, CLAIM } from './scripts/attempts.ts';
import { LEARN_FLOOR, NOTE_RELEASE, RECORD_BACK_SOON, RECORD_RECLAIMED } from './scripts/learning.ts';
import { OPEN, READ } from './scripts/reading.ts';
import { REBUILD, WRITE_BACK } from './scripts/recovery.ts';
import { PAUSE, RESUME } from './scripts/steering.ts';

/** What the ledger needs of the policy. */
export interface LedgerPolicy {
  /** Between two restarts of a target, counted from `sending`. */
  readonly cooldownMs: number;
  readonly maxRestartsPerHour: number;
  /** How long restarts are held when Redis is new or has lost everything: grace + 10 windows. */
  readonly holdMs: number;
}

/** More than a day at four restarts an hour. */
const HISTORY_LENGTH = 100;
const SPENT_SHOWN = 300;
/** Characters of an attempt as JSON. A larger one was not written by Tidemark. */
const MAX_ATTEMPT_LENGTH = 64 * 1024;
/** Of one answer: attempts that are open at the same time, each 1 to 20 kB, and what they come to. */
const MAX_ATTEMPTS = 5_000;
const MAX_ATTEMPTS_BYTES = 16 * 1024 ** 2;
/** Of a record. The history of 100 restarts has some 60 kB. */
const MAX_FIELD_BYTES = 256 * 1024;
/** Longer ones are not taken from measurements. */
const MAX_BOOT_ID_BYTES = 512;
/** Far longer than a boot lives, given the platform's daily restart. */
const FORGET_SPENT_MS = 30 * 86_400_000;

export interface RedisLedgerOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly eviction: EvictionWatch;
  /** Asked before a claim; null for who makes none. */
  readonly watch: Pick<StateWatch, 'recent'> | null;
  readonly policy: LedgerPolicy;
  readonly faults: RecordFaults;
  /** Added to Redis's time, so that tests need not wait for it to pass. */
  readonly clockOffsetMs?: (() => number) | undefined;
}

/** The ledger in Redis: each method is one script, sent at most once. */
export function createRedisLedger(options: RedisLedgerOptions): Ledger {
  const evaluate = scriptRunner(options);

  return {
    async read(target) {
      const mayBeEvicted = !(await options.eviction.isSafe());
      const answer = await evaluate(READ, target);
      const view = ofRecord(options, target, () => viewOf(target, answer, reportUseless(options, target)));
      options.faults.clear(options.keys.record(target));
      return { ...view, mayBeEvicted };
    },
    async open() {
      const limits = { maxLength: MAX_ATTEMPT_LENGTH, maxAttempts: MAX_ATTEMPTS, maxBytes: MAX_ATTEMPTS_BYTES };
      const answer = await evaluate(OPEN, null, limits);
      const [attempts, mended] = answer as [attempts: [key: string, text: string][], mended: string[]];
      for (const key of mended) options.faults.report(mendedIndex(key));
      return attempts.flatMap(([key, text]) => attemptIfReadable(options, key, text));
    },
    async claim(request) {
      if (!(await options.eviction.isSafe())) return { ok: false, why: 'eviction-policy' };
      // A user who may write the claim, and not what follows it, would have jobs drained for nothing.
      const obstacle = (await options.watch?.recent()) ?? null;
      if (obstacle !== null) throw new LedgerUnavailable(`${STATE_OBSTACLES[obstacle.code].says}: ${obstacle.detail}`);
      const args = { attempt: newAttempt(request), deadlineInMs: CLAIM_DEADLINE_MS };
      return attemptAnswer<ClaimAnswer>(await evaluate(CLAIM, request.target, args));
    },
    async advance(attempt, move) {
      if (!isLegalMove(attempt, move)) {
        throw new Error(`an attempt that is ${attempt.phase} cannot be moved this way: ${JSON.stringify(move)}`);
      }
      const { id, phase, epoch } = attempt;
      const closes = move.to === 'closed' && startsCooldown(phase, move.outcome);
      const args = { id, phase, epoch, move, startsCooldown: closes };
      return attemptAnswer<AdvanceAnswer>(await evaluate(ADVANCE, attempt.target, args));
    },
    ...recording(evaluate),
    ...steering(options, evaluate),
  };
}

type Evaluate = ReturnType<typeof scriptRunner>;

/** What the loop writes down for later. */
function recording(
  evaluate: Evaluate,
): Pick<Ledger, 'recordReclaimed' | 'recordBackSoon' | 'learnFloor' | 'noteRelease' | 'rebuild' | 'writeBack'> {
  return {
    async recordReclaimed(target, attemptId, reclaimedBytes) {
      await evaluate(RECORD_RECLAIMED, target, { attemptId, reclaimedBytes });
    },
    async recordBackSoon(target, attemptId, backAfterMs) {
      await evaluate(RECORD_BACK_SOON, target, { attemptId, backAfterMs });
    },
    async learnFloor(target, boot) {
      await evaluate(LEARN_FLOOR, target, boot);
    },
    async noteRelease(target, version) {
      await evaluate(NOTE_RELEASE, target, { version });
    },
    async rebuild(target, restartedAtMs) {
      await evaluate(REBUILD, target, { restartedAtMs });
    },
    async writeBack(target, known) {
      await evaluate(WRITE_BACK, target, known);
    },
  };
}

/** A person's commands. */
function steering({ faults }: RedisLedgerOptions, evaluate: Evaluate): Pick<Ledger, 'pause' | 'resume'> {
  return {
    async pause(target, by = null) {
      await evaluate(PAUSE, target, { all: target === null, by });
    },
    async resume(target) {
      const skipped = (await evaluate(RESUME, target, { all: target === null })) as string[];
      for (const key of skipped) {
        faults.report({
          key,
          why: 'it is not a hash',
          without: 'Its target was not resumed and none of its dynos is restarted; all other targets were resumed.',
          advice: `Delete it with "redis-cli DEL ${key}".`,
        });
      }
    },
  };
}

/** Sends a script once. `EVAL`, not `EVALSHA`: a few kB more, but one round trip and one failure mode less. */
function scriptRunner(options: RedisLedgerOptions) {
  const { connection, keys, policy, clockOffsetMs = () => 0 } = options;
  const numbers = {
    ...policy,
    sendWindowMs: SEND_WINDOW_MS,
    breakerOpenMs: BREAKER_OPEN_MS,
    breakerFruitless: BREAKER_FRUITLESS,
    breakerFailed: BREAKER_FAILED,
    fruitlessReason: FRUITLESS_REASON,
    failedReason: FAILED_REASON,
    nothingBackFraction: NOTHING_BACK_FRACTION,
    historyLength: HISTORY_LENGTH,
    floorsLearned: FLOORS_LEARNED,
    floorsPerDyno: FLOORS_PER_DYNO,
    spentShown: SPENT_SHOWN,
    maxFieldBytes: MAX_FIELD_BYTES,
    maxBootIdBytes: MAX_BOOT_ID_BYTES,
    forgetSpentMs: FORGET_SPENT_MS,
  };
  return async (script: string, target: Target | null, args: object = {}): Promise<unknown> => {
    // Scripts about all targets get the key of a record that is never written.
    const of = target ?? { app: '', processType: '' };
    const names = [keys.record(of), keys.spent(of), keys.open, keys.records, keys.pauseAll, keys.epoch];
    try {
      return await connection.run('the ledger', (redis) =>
        redis.eval(
          script,
          names.length,
          ...names,
          JSON.stringify({ ...numbers, clockOffsetMs: clockOffsetMs() }),
          JSON.stringify(args),
        ),
      );
    } catch (error) {
      if (target === null || !metARecord(error)) throw error;
      throw unreadable(options, target, error.message);
    }
  };
}

/** A new attempt; the script sets its times. */
function newAttempt(request: ClaimRequest): Attempt {
  return {
    ...request,
    notes: request.notes ?? null,
    id: randomUUID(),
    platformDynoId: null,
    phase: 'claimed',
    epoch: 0,
    claimedAtMs: 0,
    drainingAtMs: null,
    deadlineMs: 0,
    sendingAtMs: null,
    closedAtMs: null,
    outcome: null,
    evidence: null,
  };
}

/** An unreadable attempt stops its own target, and no other. */
function attemptIfReadable({ keys, faults }: RedisLedgerOptions, key: string, text: string): Attempt[] {
  const place = `${key} (field attempt)`;
  try {
    const attempt = parseAttempt(text);
    if (keys.record(attempt.target) !== key) throw new LedgerUnavailable('it belongs to another target');
    faults.clear(place);
    return [attempt];
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    faults.report({
      key: place,
      why: error.message,
      without: 'The attempt does not go on, and no dyno of its target is restarted.',
      advice: `Delete it with "redis-cli HDEL ${key} attempt".`,
    });
    return [];
  }
}

function attemptAnswer<T extends ClaimAnswer | AdvanceAnswer>(answer: unknown): T {
  const [verdict, rest] = Array.isArray(answer) ? answer : [];
  if (verdict === 'ok') return { ok: true, attempt: parseAttempt(rest) } as T;
  if (verdict === 'no') return { ok: false, why: rest } as T;
  throw new LedgerUnavailable(`the ledger answered ${JSON.stringify(answer)}, which no script of Tidemark answers`);
}
