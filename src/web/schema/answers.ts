import { z } from 'zod';
import { OUTCOMES } from '../../attempt/attempt.ts';
import { MEMORY_CLASSES, REASONS } from '../../model/decision.ts';

/**
 * What the API answers. The handlers, the clients and the OpenAPI document all take their types from these schemas.
 * Names are in snake case, times in Unix ms, memory in bytes.
 */

const bytes = (description: string) => z.number().nullable().describe(`${description} In bytes; null where unknown.`);
const timeMs = (description: string) => z.number().describe(`${description} Unix ms.`);
const timeMsOrNull = (description: string) => z.number().nullable().describe(`${description} Unix ms, or null.`);
const appName = z.string().nullable().describe('The app; null where the measurements do not name it.');
const outcome = z.enum(OUTCOMES).nullable().describe('How the attempt ended; null where none followed, or it is open.');
const reason = z.enum(REASONS).describe('A code from a closed list.');

const assessment = {
  class: z.enum(MEMORY_CLASSES).describe('What the memory curve looks like.'),
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

const dynoIdentity = {
  app: appName,
  dyno: z.string().describe('For example worker.1.'),
  process_type: z.string(),
  boot_id: z.string().describe('One life of the dyno: names are reused, boots are not.'),
};

export const Dyno = z
  .object({
    ...dynoIdentity,
    release: z.string().nullable().describe('For example v42; null where unknown.'),
    ...assessment,
    completed_jobs: z.number().nullable().describe('Since the boot; null where unknown.'),
    first_point_ms: timeMs('The oldest measurement of the boot.'),
    last_point_ms: timeMs('The newest measurement of the boot.'),
    dry_run: z.boolean().describe('Whether the target stays dry.'),
  })
  .describe('The newest boot of a dyno, and what is decided about it now.');

export const DynoWithSeries = Dyno.extend({
  series: z
    .array(z.object({ time_ms: timeMs('When it was measured.'), usage_bytes: z.number() }))
    .describe('Oldest first.'),
}).describe('A dyno with its memory over time.');

export const Decision = z
  .object({
    time: z.string().describe('RFC 3339.'),
    time_ms: timeMs('The same time.'),
    ...dynoIdentity,
    ...assessment,
    dry_run: z.boolean().describe('Whether the target stays dry.'),
    outcome,
  })
  .describe('A decision about one boot, also one that nothing is to be done.');

export const Attempt = z
  .object({
    id: z.string(),
    ...dynoIdentity,
    app: z.string(),
    phase: z.enum(['claimed', 'draining', 'sending', 'closed']),
    outcome,
    evidence: z.string().nullable().describe('What the outcome rests on, in words.'),
    by: z.enum(['policy', 'person']),
    dry_run: z.boolean(),
    reason,
    explanation: z.string(),
    claimed_at_ms: timeMs('Time of Redis.'),
    deadline_ms: timeMsOrNull('When its phase must be over; null once it is closed.'),
    sending_at_ms: timeMsOrNull('When the restart was about to be sent; null where it was not.'),
    closed_at_ms: timeMsOrNull('Null while it is open.'),
    usage_bytes: bytes('Before the restart.'),
    floor_bytes: bytes('Before the restart.'),
    limit_bytes: bytes('The memory quota.'),
    reclaimed_bytes: bytes('What the restart gave back, learned some minutes later.'),
  })
  .describe('One restart on its way, or how it ended.');

export const TargetState = z
  .object({
    target: z.string().describe('app:type; an entry of the allow-list where no app that it allows is known yet.'),
    restarts: z.enum(['on', 'off']),
    dry_run: z.boolean(),
    restarts_last_hour: z.number().nullable().describe('Null where the ledger cannot be read.'),
    max_restarts_per_hour: z.number(),
    obstacles: z
      .array(
        z.object({
          code: z.string(),
          until_ms: timeMsOrNull('When it ends by itself.'),
          says: z.string().describe('What stands in the way.'),
          advice: z.string().nullable().describe('What a person can do; null where nothing need be done.'),
        }),
      )
      .describe('What stands against an automatic restart now. Empty: nothing does.'),
  })
  .describe('Whether a target may be restarted now, and if not, why.');

export const RefusedMeasurements = z
  .object({
    app: appName,
    kind: z.string(),
    count: z.number().describe('Data points, or requests where none of them could be read; since the start.'),
    first_ms: timeMs('The first one.'),
    last_ms: timeMs('The newest one.'),
    says: z.string(),
    advice: z.string(),
  })
  .describe('What was refused of one app in one way.');

export const Health = z
  .object({
    ready: z.boolean().describe('Whether measurements are taken and decisions made here.'),
    leading: z.boolean().describe('Whether this actuator, of several, is the one that acts.'),
    ledger: z.enum(['available', 'unavailable', 'not-configured']),
    restarts: z.string().describe('"on", or what keeps restarts off.'),
  })
  .describe('How the actuator is. Names no app: everyone may read it.');

export const Status = Health.extend({
  platform_refuses: z.string().nullable().describe('What the platform said when it refused the token or more calls.'),
  targets: z.array(TargetState),
  refused: z.array(RefusedMeasurements),
}).describe('How the actuator and each target stand.');

export type Dyno = z.infer<typeof Dyno>;
export type Decision = z.infer<typeof Decision>;
export type Attempt = z.infer<typeof Attempt>;
export type TargetState = z.infer<typeof TargetState>;
export type RefusedMeasurements = z.infer<typeof RefusedMeasurements>;
export type Status = z.infer<typeof Status>;
