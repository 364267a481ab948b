import { z } from 'zod';
import {
  assessment,
  bytes,
  Curve,
  durationMs,
  dynoIdentity,
  Mark,
  memoryClass,
  Suspect,
  timeMs,
  timeMsOrNull,
} from './fields.ts';

const next = z
  .object({
    says: z.string().describe('Short, for one line: what Tidemark does next, or what it waits for.'),
    at_ms: timeMsOrNull('When that happens at the latest, or is looked at again.'),
  })
  .describe('What happens next, and when.');

export const Dyno = z
  .object({
    ...dynoIdentity,
    release: z.string().nullable().describe('For example v42; null where unknown.'),
    ...assessment,
    class_since_ms: timeMsOrNull('Since when it has its class; null where that was before this actuator watched.'),
    next,
    headroom_bytes: bytes('The quota less the usage; negative over the quota.'),
    swap_bytes: bytes('The part of the usage that is swapped out.'),
    jobs_hold_bytes: bytes(
      'The part of the usage that running jobs are estimated to hold: a restart frees none of it.',
    ),
    oldest_job_start_ms: timeMsOrNull('When the oldest running job began; null where none runs.'),
    completed_jobs: z.number().nullable().describe('Since the boot; null where unknown.'),
    started_at_ms: timeMsOrNull('When the dyno started.'),
    first_point_ms: timeMs('The oldest measurement of the boot.'),
    last_point_ms: timeMs('The newest measurement of the boot.'),
    is_stale: z.boolean().describe('No measurement for three windows: the numbers are old.'),
    held_by: z
      .string()
      .nullable()
      .describe(
        'The actuator that holds it: its numbers are as that one saved them, at last_point_ms. ' +
          'Null: the one that answers.',
      ),
    dry_run: z.boolean().describe('Whether the target stays dry.'),
    attempt_id: z.string().nullable().describe('The restart of it that is under way.'),
  })
  .describe('The newest boot of a dyno, and what is decided about it now.');

export const DynoInList = Dyno.extend({
  curve: Curve.nullable().describe('The newest hours; null unless asked for with `curve`.'),
  marks: z.array(Mark).describe('On the time axis of the curve, oldest first; empty without one.'),
}).describe('A dyno in the list, with a short curve if one was asked for.');

/** One thing that must hold before a restart. */
export const Check = z
  .object({
    code: z.string().describe('Stable.'),
    ok: z.boolean().nullable().describe('Null: unknown, or not looked at yet.'),
    says: z.string().describe('For people, with its numbers.'),
    until_ms: timeMsOrNull('When it holds by itself.'),
  })
  .describe('One thing that must hold before Tidemark restarts the dyno.');

export const PastBoot = z
  .object({
    boot_id: z.string(),
    release: z.string().nullable(),
    first_point_ms: timeMs('Its oldest measurement.'),
    last_point_ms: timeMs('Its newest measurement.'),
    peak_bytes: bytes('Its highest usage.'),
    floor_bytes: bytes('Its last floor.'),
    class: memoryClass.describe('Its last class.'),
    ended: z.enum(['restart', 'deploy', 'other']).describe('How it ended, as far as Tidemark knows.'),
    curve: Curve.describe('At most 120 moments.'),
  })
  .describe('An earlier boot of the same name.');

export const DynoDetail = Dyno.extend({
  curve: Curve.extend({
    active_jobs: z.array(z.number().nullable()).describe('Jobs running at each moment; null where unknown.'),
  }).describe('The life of the boot, up to two days; at most 500 moments.'),
  marks: z.array(Mark).describe('Oldest first.'),
  numbers: z
    .array(
      z.object({
        code: z.string().describe('Stable.'),
        name: z.string().describe('For people.'),
        value: z.number().nullable(),
        unit: z.enum(['bytes', 'ms', 'count']),
      }),
    )
    .describe('What the decision rests on.'),
  checks: z.array(Check).describe('Why it is not restarted now: the checks in the order in which Tidemark makes them.'),
  suspects: z.array(Suspect).describe('The job names with the most net growth in this boot; at most 10.'),
  past_boots: z.array(PastBoot).describe('Newest first; at most 5.'),
  drain: z
    .object({ grace_ms: durationMs('How long running jobs may take to finish.') })
    .describe('What a restart would do first.'),
}).describe('One dyno with its whole curve, and why it is or is not restarted.');

export type Dyno = z.infer<typeof Dyno>;
export type DynoInList = z.infer<typeof DynoInList>;
export type DynoDetail = z.infer<typeof DynoDetail>;
export type Check = z.infer<typeof Check>;
export type PastBoot = z.infer<typeof PastBoot>;
