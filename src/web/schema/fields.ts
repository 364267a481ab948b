import { z } from 'zod';
import { OUTCOMES } from '../../attempt/attempt.ts';
import { MEMORY_CLASSES, REASONS } from '../../model/decision.ts';

/** The fields that several answers share. Names are in snake case, times in Unix ms, memory in bytes. */

export const bytes = (description: string) =>
  z.number().nullable().describe(`${description} In bytes; null where unknown.`);
export const timeMs = (description: string) => z.number().describe(`${description} Unix ms.`);
export const timeMsOrNull = (description: string) => z.number().nullable().describe(`${description} Unix ms, or null.`);
export const durationMs = (description: string) =>
  z.number().nullable().describe(`${description} In ms; null where unknown.`);
export const appName = z.string().nullable().describe('The app; null where the measurements do not name it.');
export const outcome = z
  .enum(OUTCOMES)
  .nullable()
  .describe('How the attempt ended; null where none followed, or it is open.');
export const reason = z.enum(REASONS).describe('A code from a closed list.');
export const memoryClass = z.enum(MEMORY_CLASSES).describe('What the memory curve looks like.');

export const dynoIdentity = {
  app: appName,
  dyno: z.string().describe('For example worker.1.'),
  process_type: z.string(),
  boot_id: z.string().describe('One life of the dyno: names are reused, boots are not.'),
};

/** What a decision rests on. */
export const assessment = {
  class: memoryClass,
  action: z.enum(['none', 'restart', 'advise']),
  reason,
  explanation: z.string().describe('A sentence with the numbers behind the decision.'),
  usage_bytes: bytes('RSS and swap of all processes of the dyno.'),
  limit_bytes: bytes('The memory quota of the dyno.'),
  soft_limit_bytes: bytes('TIDEMARK_SOFT_LIMIT.'),
  hard_limit_bytes: bytes('TIDEMARK_HARD_LIMIT.'),
  floor_bytes: bytes('What stays in use between jobs.'),
  reclaimable_bytes: bytes('What a restart would give back.'),
  time_to_limit_ms: z
    .number()
    .nullable()
    .describe('Until the floor reaches the limit, in ms; null where it does not rise.'),
  active_jobs: z.number().nullable().describe('Jobs running; null where unknown.'),
};

/** Columns of equal length: a place stands for one moment. */
export const Curve = z
  .object({
    times_ms: z.array(z.number()).describe('Unix ms, oldest first.'),
    usage_bytes: z.array(z.number().nullable()).describe('Null where nothing was measured.'),
    floor_bytes: z
      .array(z.number().nullable())
      .describe('What stayed in use between jobs around that time; null where unknown.'),
  })
  .describe('Memory over time, as columns of equal length.');

export const Mark = z
  .object({
    time_ms: timeMs('When.'),
    kind: z
      .enum(['restart', 'dry-restart', 'boot', 'deploy', 'over-limit'])
      .describe(
        'restart: Tidemark or a person restarted it; dry-restart: a dry run would have; deploy: a new boot with ' +
          'another release; boot: a new boot for another cause; over-limit: usage passed the quota, or ' +
          'Heroku logged R14 or R15.',
      ),
    says: z.string().describe('For people.'),
    attempt_id: z.string().nullable().describe('Of a restart.'),
  })
  .describe('An event on the time axis of a curve.');

/** A job name that may have caused growth. */
export const Suspect = z
  .object({
    queue: z.string(),
    name: z.string().describe('The job name; _other stands for the names beyond TIDEMARK_MAX_JOB_NAMES.'),
    net_bytes: z.number().describe('How much memory grew by while such jobs ran, less what was released. Signed.'),
    runs: z.number().nullable().describe('Finished runs; null where unknown.'),
    known: z.enum(['exclusive', 'estimated', 'sandboxed']).describe('How the growth is known; see Job.'),
  })
  .describe('A job name with its share of the growth.');

export type Curve = z.infer<typeof Curve>;
export type Mark = z.infer<typeof Mark>;
export type Suspect = z.infer<typeof Suspect>;
