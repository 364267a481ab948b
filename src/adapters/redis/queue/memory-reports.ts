import { LedgerUnavailable } from '../../../model/errors.ts';
import { type MemoryReport, type ProcessMemory, REPORTED_PROCESSES } from '../../../model/memory-report.ts';
import { printable } from '../../../model/text/printable.ts';
import type { MemoryReports } from '../../../ports.ts';
import type { DrainedBoot } from '../../../shared/drain-messages.ts';
import {
  MEMORY_ANSWER_MAX_BYTES,
  MEMORY_NAME_MAX_LENGTH,
  MEMORY_QUESTION_LIFE_MS,
  memoryQuestion,
  memoryReportKeyNames,
} from '../../../shared/memory-report-messages.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { BOUNDED_HASH, fieldsOf } from './bounded-hash.ts';
import { memoryAnswerSchema } from './memory-report-record.ts';

/** Answers that are looked at: more processes than any dyno has. */
const MAX_ANSWERS = 100;

const READ = `
${BOUNDED_HASH}
return bounded(redis.call('HGETALL', KEYS[1]), tonumber(ARGV[1]), tonumber(ARGV[2]))
`;

export function createMemoryReports(connection: RedisConnection): MemoryReports {
  return {
    async ask(boot, maxRssBytes) {
      const { question } = namesOf(boot);
      await connection.run('the question for a memory report', (redis) =>
        redis.set(question, memoryQuestion(maxRssBytes), 'PX', MEMORY_QUESTION_LIFE_MS),
      );
    },
    async read(boot, attemptId) {
      const { answers } = namesOf(boot);
      const reply = await connection.run('the memory report', (redis) =>
        redis.eval(READ, 1, answers, MAX_ANSWERS, MEMORY_ANSWER_MAX_BYTES),
      );
      return reportOf(fieldsOf(reply as string[]), attemptId);
    },
  };
}

function namesOf(boot: DrainedBoot) {
  const names = memoryReportKeyNames(boot);
  if (names === null) throw new LedgerUnavailable('the memory report: no key is made for an app or boot id so long');
  return names;
}

function reportOf(fields: ReadonlyMap<string, string>, attemptId: string): MemoryReport | null {
  const answers = [...fields].flatMap(([processId, json]) => parseAnswer(processId, json, attemptId) ?? []);
  answers.sort((a, b) => b.rssBytes - a.rssBytes || b.heapUsedBytes - a.heapUsedBytes);
  return answers.length === 0 ? null : answers.slice(0, REPORTED_PROCESSES);
}

/** Null where it is none, or answers another attempt. */
function parseAnswer(processId: string, json: string, attemptId: string): ProcessMemory | null {
  if (processId.length > MEMORY_NAME_MAX_LENGTH || json.length > MEMORY_ANSWER_MAX_BYTES) return null;
  try {
    const answer = memoryAnswerSchema.safeParse(JSON.parse(json)).data;
    if (answer?.attemptId !== attemptId) return null;
    const { attemptId: _of, ...memory } = answer;
    return { processId: printable(processId), ...memory };
  } catch {
    return null;
  }
}
