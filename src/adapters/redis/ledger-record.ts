import { z } from 'zod';
import { type Attempt, OUTCOMES } from '../../core/attempt.ts';
import { REASONS } from '../../core/decision.ts';
import { LedgerUnavailable } from '../../core/errors.ts';
import type { HistoryEntry } from '../../ports.ts';

/** How the ledger's records are written in Redis. Unknown fields are left out: a newer Tidemark may have written them. */

const by = z.enum(['policy', 'person']);
const nullableNumber = z.number().nullable();

const attemptSchema: z.ZodType<Attempt> = z.object({
  id: z.string().min(1),
  target: z.object({ app: z.string().min(1), processType: z.string().min(1) }),
  dyno: z.string().min(1),
  bootId: z.string().min(1),
  bootStartTimeMs: nullableNumber,
  bootIdSource: z.enum(['platform', 'derived']),
  platformDynoId: z.string().nullable(),
  phase: z.enum(['claimed', 'draining', 'sending', 'closed']),
  epoch: z.number(),
  by,
  dryRun: z.boolean(),
  reason: z.enum(REASONS),
  explanation: z.string(),
  usageBytes: nullableNumber,
  floorBytes: nullableNumber,
  limitBytes: nullableNumber,
  claimedAtMs: z.number(),
  deadlineMs: z.number(),
  sendingAtMs: nullableNumber,
  closedAtMs: nullableNumber,
  outcome: z.enum(OUTCOMES).nullable(),
  evidence: z.string().nullable(),
});

const historySchema: z.ZodType<readonly HistoryEntry[]> = z.array(
  z.object({
    attemptId: z.string(),
    dyno: z.string(),
    bootId: z.string(),
    outcome: z.enum(OUTCOMES),
    by,
    reason: z.enum(REASONS),
    sendingAtMs: nullableNumber,
    closedAtMs: z.number(),
    usageBytes: nullableNumber,
    reclaimedBytes: nullableNumber,
    // Not in what an older version wrote.
    backAfterMs: nullableNumber.default(null),
  }),
);

const floorsSchema = z.array(z.object({ bootId: z.string(), floorBytes: z.number() }));

/** An empty table of cjson is written as `{}`. */
const stringList = z.union([z.array(z.string()), z.object({}).transform((): string[] => [])]);

const readSchema = z.object({
  nowMs: z.number(),
  open: z.union([z.string(), z.literal(false)]),
  history: z.string(),
  dryHistory: z.string(),
  floors: z.string(),
  cooldownUntilMs: z.number(),
  dryCooldownUntilMs: z.number(),
  sentLastHour: z.number(),
  heldUntilMs: z.number(),
  breakerOpenUntilMs: z.number(),
  breakerReason: z.union([z.string(), z.literal(false)]),
  usefulFromMs: z.number(),
  paused: z.boolean(),
  spent: stringList,
});

export const parseAttempt = (text: unknown) => parse('an attempt', attemptSchema, text);
export const parseHistory = (text: unknown) => parse('a history', historySchema, text);
export const parseFloors = (text: unknown) => parse('the learned floors', floorsSchema, text);
export const parseRead = (text: unknown) => parse("a target's record", readSchema, text);

function parse<T>(what: string, schema: z.ZodType<T>, text: unknown): T {
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch (error) {
    throw unreadable(what, error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(value);
  if (!result.success) throw unreadable(what, z.prettifyError(result.error));
  return result.data;
}

function unreadable(what: string, why: string): LedgerUnavailable {
  return new LedgerUnavailable(
    `${what} in the ledger cannot be read, so nothing of this target is restarted. Something else than this version of Tidemark wrote to its keys; look at tidemark:ledger:* in Redis. ${why}`,
  );
}
