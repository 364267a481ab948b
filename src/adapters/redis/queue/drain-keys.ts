import { z } from 'zod';
import { LedgerUnavailable } from '../../../model/errors.ts';
import type { DrainAnswers, DrainKeys } from '../../../ports.ts';
import {
  DRAIN_KEY_LIFE_MS,
  type DrainAnswer,
  type DrainedBoot,
  drainKeyNames,
  drainQuestion,
} from '../../../shared/drain-messages.ts';
import { connectRedis, type RedisConnection, type RedisConnectionOptions } from '../connection/connection.ts';
import { text, time } from '../ledger/record-schema.ts';
import { BOUNDED_HASH, fieldsOf } from './bounded-hash.ts';

export interface DrainKeysOptions extends RedisConnectionOptions {
  /** The longest that workers stay stopped for one attempt, whatever happens to this process. */
  readonly holdMs: number;
}

/** Answers that are looked at: more processes than any dyno has. */
const MAX_ANSWERS = 1_000;
/** An answer has some 100. */
const MAX_ANSWER_BYTES = 1024;

/** One command sets the key and its expiry, so no key can remain forever. */
const REFRESH = `
${BOUNDED_HASH}
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local time = redis.call('TIME')
-- A key that is not a hash is no answer, and no worker could write into it.
local answers = redis.pcall('HGETALL', KEYS[2])
if answers.err then
  if not string.find(answers.err, 'WRONGTYPE', 1, true) then return answers end
  redis.call('DEL', KEYS[2])
  answers = {}
end
return {time[1] * 1000 + math.floor(time[2] / 1000), bounded(answers, tonumber(ARGV[3]), tonumber(ARGV[4]))}
`;

const CLEAR = `
local question = redis.call('GET', KEYS[1])
if not question or string.match(question, '^%S+') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
`;

/**
 * Connects in the background. Throws `ConfigError` where the URL cannot be used.
 *
 * @param connection to the queue's Redis, closed with the keys; default: one of its own
 */
export function createDrainKeys(
  options: DrainKeysOptions,
  connection: RedisConnection = connectRedis(options),
): DrainKeys {
  return {
    async refresh(boot, attemptId) {
      const { question, answers } = namesOf(boot);
      const value = drainQuestion({ attemptId, holdMs: options.holdMs });
      const [nowMs, fields] = (await connection.run('the drain key', (redis) =>
        redis.eval(REFRESH, 2, question, answers, value, DRAIN_KEY_LIFE_MS, MAX_ANSWERS, MAX_ANSWER_BYTES),
      )) as [number, string[]];
      return answersTo(attemptId, nowMs, fields);
    },
    async clear(boot, attemptId) {
      const { question, answers, formerAnswers } = namesOf(boot);
      await connection.run('the drain key', (redis) =>
        redis.eval(CLEAR, 3, question, answers, formerAnswers, attemptId),
      );
    },
    close: () => connection.close(),
  };
}

function namesOf(boot: DrainedBoot) {
  const names = drainKeyNames(boot);
  if (names === null) throw new LedgerUnavailable(`the drain key: no key is made for an app or boot id of that length`);
  return names;
}

function answersTo(attemptId: string, nowMs: number, reply: readonly string[]): DrainAnswers {
  const answers = new Map<string, boolean>();
  for (const [processId, json] of fieldsOf(reply)) {
    const answer = parseAnswer(json);
    // Answers from the future are dropped too: they would count forever.
    if (answer?.attemptId !== attemptId || Math.abs(nowMs - answer.atMs) > DRAIN_KEY_LIFE_MS) continue;
    answers.set(processId, answer.idle);
  }
  return answers;
}

const answerSchema: z.ZodType<DrainAnswer> = z.object({ attemptId: text, idle: z.boolean(), atMs: time });

/** Null where it is not an answer: anyone who can write to the queue's Redis can write here. */
function parseAnswer(json: string): DrainAnswer | null {
  try {
    return answerSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}
