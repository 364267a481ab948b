import { z } from 'zod';
import { NOT_SAMPLED_BECAUSE } from '../../model/memory-report.ts';
import { bytes, Curve, durationMs, dynoIdentity, outcome, reason, Suspect, timeMs, timeMsOrNull } from './fields.ts';

const AllocationSite = z
  .object({
    function_name: z.string(),
    place: z
      .string()
      .describe(
        "Where the function begins, below the application's root: src/import.js:12:9. Empty outside JavaScript.",
      ),
    caller: z
      .string()
      .nullable()
      .describe('For a function of a package: the nearest caller in the application. Null otherwise.'),
    bytes: z.number().describe('An estimate from samples.'),
  })
  .describe('Memory that one function allocated, and that was still in use.');

export const ProcessMemory = z
  .object({
    process_id: z.string().describe('tidemark.process.id; a worker thread has its number after a slash.'),
    rss_bytes: z.number(),
    heap_used_bytes: z.number(),
    heap_total_bytes: z.number().describe('What V8 has reserved for the heap, used or not.'),
    external_bytes: z.number().describe('Outside the heap and known to V8, array buffers included.'),
    array_buffer_bytes: z.number(),
    heap_spaces: z.array(z.object({ name: z.string(), used_bytes: z.number() })).describe('The largest first.'),
    sampled_ms: durationMs('How long allocations were sampled.'),
    sampled_bytes: bytes('Allocated in that time and still in use.'),
    sites: z.array(AllocationSite).describe('The functions that allocated most of that; at most 10.'),
    not_sampled: z.enum(NOT_SAMPLED_BECAUSE).nullable().describe('Why no allocations are known; null where they are.'),
  })
  .describe('What one process held just before the restart.');

export const Attempt = z
  .object({
    id: z.string(),
    ...dynoIdentity,
    app: z.string(),
    phase: z.enum(['claimed', 'draining', 'sending', 'closed']),
    outcome,
    says: z.string().describe('One sentence: what happened, or what happens now.'),
    evidence: z.string().nullable().describe('What the outcome rests on, in words.'),
    by: z.enum(['policy', 'person']),
    dry_run: z.boolean(),
    reason,
    explanation: z.string(),
    claimed_at_ms: timeMs('Time of Redis.'),
    deadline_ms: timeMsOrNull('When its phase must be over; null once it is closed.'),
    sending_at_ms: timeMsOrNull('When the restart was about to be sent; null where it was not.'),
    closed_at_ms: timeMsOrNull('Null while it is open.'),
    drain_ms: durationMs('How long running jobs were waited for.'),
    restart_ms: durationMs('From the request to the platform until the new boot was seen.'),
    jobs_at_claim: z.number().nullable().describe('Jobs that ran at its start; null where unknown.'),
    jobs_now: z.number().nullable().describe('Jobs that still run; null once it is closed, and where unknown.'),
    usage_bytes: bytes('Before the restart.'),
    floor_bytes: bytes('Before the restart.'),
    limit_bytes: bytes('The memory quota.'),
    expected_bytes: bytes('What the restart was expected to give back; of a dry one, what it would have.'),
    reclaimed_bytes: bytes('What the restart gave back, learned some minutes later.'),
    floor_after_bytes: bytes('The floor of the new boot after its warm-up, learned some minutes later.'),
    is_useless: z
      .boolean()
      .nullable()
      .describe('It gave nothing back, or memory was soon back; null until that is known.'),
    suspects: z
      .array(Suspect)
      .describe('The job names with the most net growth in that boot, as of its start; at most 5.'),
    memory_report: z
      .array(ProcessMemory)
      .nullable()
      .describe('Its 3 largest processes just before the restart; null before that, and where none answered.'),
  })
  .describe('One restart on its way, or how it ended.');

export const AttemptDetail = Attempt.extend({
  before: Curve.nullable().describe('The last hour of the old boot; null where it is forgotten.'),
  after: Curve.nullable().describe(
    'The first hour of the new boot; null before it reports, and where it is forgotten.',
  ),
}).describe('A restart with the curves before and after it.');

export type Attempt = z.infer<typeof Attempt>;
export type ProcessMemory = z.infer<typeof ProcessMemory>;
export type AttemptDetail = z.infer<typeof AttemptDetail>;
