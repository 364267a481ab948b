import { z } from 'zod';
import { bytes, timeMs, timeMsOrNull } from './fields.ts';

const ofDyno = z
  .object({
    dyno: z.string(),
    boot_id: z.string(),
    net_bytes: z.number().describe('Signed.'),
    runs: z.number().nullable(),
  })
  .describe('The share of one dyno.');

export const Job = z
  .object({
    queue: z.string(),
    name: z.string().describe('The job name; _other stands for the names beyond TIDEMARK_MAX_JOB_NAMES.'),
    net_bytes: z.number().describe('How much memory grew by while such jobs ran, less what was released. Signed.'),
    held_per_run_bytes: bytes('What one run holds at its highest: the mean growth per run.'),
    growth_median_bytes: bytes('The median growth of one run, from histogram buckets.'),
    growth_worst_bytes: bytes('The largest growth of one run.'),
    runs: z.number().nullable().describe('Finished runs; null where unknown.'),
    known: z
      .enum(['exclusive', 'estimated', 'sandboxed'])
      .describe(
        'exclusive: most of it was measured while the job ran alone; estimated: jobs overlapped, their growth was ' +
          'split; sandboxed: measured in child processes.',
      ),
    dynos: z.array(ofDyno).describe('By net growth, the largest first; at most 10.'),
  })
  .describe('One job name of one queue, over the dynos of a target.');

export const TargetJobs = z
  .object({
    app: z.string().nullable(),
    process_type: z.string(),
    since_ms: timeMs('The start of the oldest boot that is counted: those that measured within the last 24 hours are.'),
    jobs: z.array(Job).describe('By net growth, the largest first.'),
    idle_net_bytes: z.number().nullable().describe('Growth that belongs to no job. Signed; null where unknown.'),
    queues: z
      .array(
        z.object({
          queue: z.string(),
          active_jobs: z.number().nullable().describe('Jobs running now.'),
          held_bytes: bytes('What these jobs are estimated to hold now.'),
        }),
      )
      .describe('By name.'),
    names_left_out: z.number().describe('How many job names are left out because the target has more than are kept.'),
    last_point_ms: timeMsOrNull('The newest measurement of jobs.'),
  })
  .describe('The job names of a target by net growth.');

export type Job = z.infer<typeof Job>;
export type TargetJobs = z.infer<typeof TargetJobs>;
