import { z } from 'zod';
import { OUTCOMES } from '../../../attempt/attempt.ts';
import { type Decision, MEMORY_CLASSES, REASONS } from '../../../model/decision.ts';
import type { ActuatorEvent } from '../../../ports.ts';
import { attemptSchema } from '../ledger/ledger-record.ts';
import { amount, nullableAmount, nullableTime, text, time } from '../ledger/record-schema.ts';

/** The form of events in the journal. They are checked here, because whatever shows them relies on it. */

const number = z.number();
const target = z.object({ app: text, processType: text });
const key = z.templateLiteral([z.string(), ':', z.string()]);

const decisionSchema = z.looseObject({
  timeMs: time,
  class: z.enum(MEMORY_CLASSES),
  action: z.enum(['none', 'restart', 'advise']),
  reason: z.enum(REASONS),
  explanation: text,
  usageBytes: nullableAmount,
  limitBytes: nullableAmount,
  softLimitBytes: nullableAmount,
  hardLimitBytes: nullableAmount,
  floorBytes: nullableAmount,
  reclaimableBytes: number.nullable(),
  timeToLimitMs: number.nullable(),
  activeJobs: nullableAmount,
  urgent: z.boolean(),
  patientUntilMs: nullableTime,
  app: text.nullable(),
  dyno: text,
  processType: text,
  bootId: text,
  target: target.nullable(),
  wanted: z.enum(REASONS).nullable(),
  dryRun: z.boolean(),
});

const eventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('decision'),
    timeMs: time,
    // Loose: keeps fields that another version of Tidemark added.
    decision: decisionSchema.transform((decision) => decision as unknown as Decision),
    outcome: z.enum(OUTCOMES).nullable(),
  }),
  z.object({
    type: z.literal('attempt'),
    timeMs: time,
    attempt: attemptSchema,
    phase: z.enum(['claimed', 'draining', 'sending', 'closed']),
  }),
  z.object({
    type: z.literal('reclaimed'),
    timeMs: time,
    target: key,
    attemptId: text,
    reclaimedBytes: number,
    usageBytes: nullableAmount.default(null),
  }),
  z.object({
    type: z.literal('steering'),
    timeMs: time,
    what: z.enum(['pause', 'resume']),
    target: key.nullable(),
    by: text.nullable(),
  }),
  z.object({
    type: z.literal('breaker'),
    timeMs: time,
    target: key,
    reason: text.nullable(),
    openUntilMs: time,
    openForMs: amount,
  }),
]);

/** The event of an entry, or a sentence on what is wrong with the entry. */
export function eventOf(json: string): ActuatorEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return `it is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const result = eventSchema.safeParse(value);
  return result.success ? result.data : z.prettifyError(result.error);
}
