import { z } from 'zod';
import { type Attempt, OUTCOMES } from '../../../attempt/attempt.ts';
import type { LearnedBoot } from '../../../decision/learned.ts';
import { REASONS } from '../../../model/decision.ts';
import { LedgerUnavailable } from '../../../model/errors.ts';
import { JOB_KNOWN } from '../../../model/job-point.ts';
import type { HistoryEntry } from '../../../ports.ts';
import { memoryReportSchema } from '../queue/memory-report-record.ts';
import { amount, nullableAmount, nullableTime, text, time } from './record-schema.ts';

/** The form of the ledger's records in Redis. Unknown fields, which a newer Tidemark may have written, are dropped. */

const by = z.enum(['policy', 'person']);

const notesSchema = z.object({
  expectedBytes: nullableAmount,
  activeJobs: nullableAmount,
  suspects: z
    .array(
      z.object({
        queue: text,
        name: text,
        netBytes: z.number(),
        runs: nullableAmount,
        known: z.enum(JOB_KNOWN),
      }),
    )
    .max(20)
    .nullable(),
});

export const attemptSchema: z.ZodType<Attempt> = z.object({
  id: text.min(1),
  target: z.object({ app: text.min(1), processType: text.min(1) }),
  dyno: text.min(1),
  bootId: text.min(1),
  bootStartTimeMs: nullableTime,
  bootIdSource: z.enum(['platform', 'derived']),
  platformDynoId: text.nullable(),
  phase: z.enum(['claimed', 'draining', 'sending', 'closed']),
  epoch: amount,
  by,
  dryRun: z.boolean(),
  reason: z.enum(REASONS),
  explanation: text,
  usageBytes: nullableAmount,
  floorBytes: nullableAmount,
  limitBytes: nullableAmount,
  claimedAtMs: time,
  // Missing in records of older versions. Notes or a report that cannot be read must not stop the attempt.
  drainingAtMs: nullableTime.default(null),
  notes: notesSchema.nullable().default(null).catch(null),
  memoryReport: memoryReportSchema.nullable().default(null).catch(null),
  deadlineMs: time,
  sendingAtMs: nullableTime,
  closedAtMs: nullableTime,
  outcome: z.enum(OUTCOMES).nullable(),
  evidence: text.nullable(),
});

/**
 * A list that is no longer than Tidemark writes, by far: of each wrong entry a dozen objects would be made to say so,
 * and a field has room for 80,000 entries.
 */
function listOf<T extends z.ZodType>(entry: T) {
  return z.array(entry).max(MAX_ENTRIES);
}

const MAX_ENTRIES = 1_000;

const historySchema: z.ZodType<readonly HistoryEntry[]> = listOf(
  z.object({
    attemptId: text,
    dyno: text,
    bootId: text,
    outcome: z.enum(OUTCOMES),
    by,
    reason: z.enum(REASONS),
    sendingAtMs: nullableTime,
    closedAtMs: time,
    usageBytes: nullableAmount,
    // Negative where the new boot's floor is above the usage before.
    reclaimedBytes: z.number().nullable(),
    // Missing in records of older versions.
    backAfterMs: z.number().nullable().default(null),
    expectedBytes: nullableAmount.default(null),
  }),
);

const floorsSchema: z.ZodType<readonly LearnedBoot[]> = listOf(
  z.object({
    bootId: text,
    floorBytes: nullableAmount,
    // Missing in records of older versions. An estimate near zero may be negative.
    bytesPerJob: z.number().nullable().default(null),
    bytesPerJobError: nullableAmount.default(null),
    // Missing in records of older versions: such a floor counts as expired.
    dyno: text.default(''),
    learnedAtMs: time.default(0),
    release: nullableAmount.default(null),
  }),
);

/** cjson writes an empty table as `{}`. */
const stringList = z.union([listOf(z.string()), z.object({}).transform((): string[] => [])]);

const DAY_MS = 86_400_000;
/** Cooldowns and breakers end sooner. A later time would silently stop a target forever. */
const MAX_AHEAD_MS = 366 * DAY_MS;

const readSchema = z
  .object({
    nowMs: time,
    open: z.union([z.string(), z.literal(false)]),
    history: z.string(),
    dryHistory: z.string(),
    floors: z.string(),
    cooldownUntilMs: time,
    dryCooldownUntilMs: time,
    sentLastHour: amount,
    heldUntilMs: time,
    breakerOpenUntilMs: time,
    breakerReason: z.union([text, z.literal(false)]),
    usefulFromMs: time,
    pausedAll: z.boolean(),
    pausedTarget: z.boolean(),
    hasWordOfAll: z.boolean(),
    hasWordOfTarget: z.boolean(),
    writtenBackMs: time,
    pausedSinceMs: z.union([time, z.literal(false)]),
    pauser: z.union([text, z.literal(false)]),
    epochMs: time,
    spent: stringList,
    spentShownAfterMs: time,
  })
  .superRefine((record, context) => {
    for (const name of ['cooldownUntilMs', 'dryCooldownUntilMs', 'breakerOpenUntilMs'] as const) {
      if (record[name] - record.nowMs <= MAX_AHEAD_MS) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'is more than a year ahead' });
    }
  });

export const parseAttempt = (json: unknown) => parse('the attempt', attemptSchema, json);
export const parseHistory = (json: unknown) => parse('the history', historySchema, json);
export const parseFloors = (json: unknown) => parse('the learned floors', floorsSchema, json);
export const parseRead = (json: unknown) => parse('the record', readSchema, json);

function parse<T>(what: string, schema: z.ZodType<T>, json: unknown): T {
  let value: unknown;
  try {
    value = JSON.parse(String(json));
  } catch (error) {
    throw new LedgerUnavailable(`${what} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new LedgerUnavailable(`${what} is wrong: ${z.prettifyError(result.error)}`);
  return result.data;
}
