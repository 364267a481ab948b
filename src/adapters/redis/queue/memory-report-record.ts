import { z } from 'zod';
import { type MemoryReport, NOT_SAMPLED_BECAUSE, REPORTED_PROCESSES } from '../../../model/memory-report.ts';
import { printable } from '../../../model/text/printable.ts';
import { ALLOCATION_SITES, HEAP_SPACES, MEMORY_NAME_MAX_LENGTH } from '../../../shared/memory-report-messages.ts';
import { amount } from '../ledger/record-schema.ts';

/**
 * The form of memory reports, as workers and the ledger hold them. Anyone who can write to Redis can write here, and
 * people read the names: they are bounded and printable.
 */

const name = z.string().max(MEMORY_NAME_MAX_LENGTH).transform(printable);
/** Escapes that `printable` has written take more characters; such a name is read back from the ledger. */
const nameRead = z
  .string()
  .max(6 * MEMORY_NAME_MAX_LENGTH)
  .transform(printable);

function processSchema(text: typeof name) {
  return z.object({
    rssBytes: amount,
    heapUsedBytes: amount,
    heapTotalBytes: amount,
    externalBytes: amount,
    arrayBufferBytes: amount,
    spaces: listOf(z.object({ name: text, usedBytes: amount }), HEAP_SPACES),
    sampled: z
      .object({
        forMs: amount,
        bytes: amount,
        sites: listOf(
          z.object({ functionName: text, place: text, caller: text.nullable(), bytes: amount }),
          ALLOCATION_SITES,
        ),
      })
      .nullable(),
    notSampled: z.enum(NOT_SAMPLED_BECAUSE).nullable(),
  });
}

/** cjson writes an empty table as `{}`. */
function listOf<T extends z.ZodType>(item: T, max: number) {
  return z.union([z.array(item).max(max), z.strictObject({}).transform((): z.output<T>[] => [])]);
}

/** A process's answer to one attempt. */
export const memoryAnswerSchema = processSchema(name).extend({ attemptId: z.string().max(200) });

export const memoryReportSchema: z.ZodType<MemoryReport> = z
  .array(processSchema(nameRead).extend({ processId: nameRead }))
  .max(REPORTED_PROCESSES);
