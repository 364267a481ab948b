import { z } from 'zod';
import { appName, bytes, memoryClass, timeMs, timeMsOrNull } from './fields.ts';

/** What a dry run would have done. */
const Scoreboard = z
  .object({
    since_ms: timeMs('What the figures count from.'),
    would_have_restarted: z.number().describe('Times.'),
    would_have_given_back_bytes: z.number(),
    over_limit_ms: z.number().describe('Time over the quota, summed over the dynos.'),
  })
  .describe('What a dry run would have done.');

export const TargetState = z
  .object({
    target: z.string().describe('app:type; an entry of the allow-list where no app that it allows is known yet.'),
    restarts: z.enum(['on', 'off']).describe('"off" also where only the restarts of the whole status say why.'),
    dry_run: z.boolean(),
    paused_since_ms: timeMsOrNull('Null where it is not paused, or since when is unknown.'),
    paused_by: z
      .enum(['all', 'target'])
      .nullable()
      .describe('Whether a person paused all targets or this one; null: not paused.'),
    pauser: z
      .string()
      .nullable()
      .describe('The name that this person gave, which nobody has checked; null where none is known.'),
    held_until_ms: timeMsOrNull('Restarts are held until then because the ledger is new.'),
    cooldown_until_ms: timeMsOrNull('The end of the cooldown after the last restart.'),
    breaker: z
      .object({ open_until_ms: timeMs('When it closes by itself.'), reason: z.string().nullable() })
      .nullable()
      .describe('Null: it is closed.'),
    restarts_last_hour: z.number().nullable().describe('Null where the ledger cannot be read.'),
    max_restarts_per_hour: z.number(),
    restarts_left: z.number().nullable().describe('What the budget leaves in this hour; null as above.'),
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
    scoreboard: Scoreboard.nullable().describe('Of a dry run; null where the target is not dry.'),
  })
  .describe('Whether a target may be restarted now, and if not, why.');

export const Group = z
  .object({
    app: appName,
    process_type: z.string(),
    is_allowed: z.boolean().describe('Whether it is on the allow-list; if so, `targets` says how it stands.'),
    dynos: z.number(),
    over_soft_limit: z.number().describe('Dynos whose usage is over TIDEMARK_SOFT_LIMIT.'),
    over_limit: z.number().describe('Dynos over their quota.'),
    stale: z.number().describe('Dynos whose measurements have stopped.'),
    classes: z.partialRecord(memoryClass, z.number()).describe('How many dynos are of each class; none: left out.'),
    limit_bytes: bytes('The quota of its dynos; null too where they differ.'),
    active_jobs: z.number().nullable().describe('Jobs running; null where unknown.'),
    bytes_per_job: bytes('What one running job is estimated to hold.'),
    allocator: z.string().nullable().describe('glibc, jemalloc, ...; null where unknown or where they differ.'),
    malloc_arena_max: z.string().nullable().describe('MALLOC_ARENA_MAX; null where it is not set or differs.'),
    releases: z.array(z.string()).describe('The releases that its dynos run; more than one: a deploy is under way.'),
  })
  .describe('The dynos of one process type of one app.');

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

const Totals = z
  .object({
    dynos: z.number(),
    over_soft_limit: z.number(),
    over_limit: z.number().describe('Over the quota now.'),
    stale: z.number(),
    restarts_24h: z.number().describe('Restarts that were sent in the last 24 hours, also those of a person.'),
    given_back_24h_bytes: z.number().describe('By those whose result is known.'),
    useless_24h: z.number().describe('Restarts that gave nothing back, or not for long.'),
    over_limit_24h_ms: z.number().describe('Time over the quota, summed over the dynos.'),
  })
  .describe('All dynos together.');

const ActuatorShown = z
  .object({
    id: z.string().describe('Of this run of it.'),
    name: z.string().describe('The dyno it runs in, or machine and process.'),
    answers: z.boolean().describe('It is the one that gives this answer.'),
    leads: z.boolean().describe('It takes measurements and decides; false: it stands by.'),
    silent_since_ms: timeMsOrNull('When it was heard last; null while it is heard.'),
    partitions: z.array(z.number()).nullable().describe('Of Kafka, that it holds; null where it reads none.'),
    targets: z.array(z.string()).describe('app:type, of the dynos that report to it; the first 50.'),
    dynos: z.number().describe('Dynos that report to it.'),
  })
  .describe('One of the actuators on one Redis, and what it holds.');

export const Health = z
  .object({
    ready: z.boolean().describe('Whether measurements are taken and decisions made here.'),
    leading: z.boolean().describe('Whether this actuator, of several, is the one that acts.'),
    ledger: z
      .enum(['available', 'unavailable', 'not-configured'])
      .describe('"unavailable": it cannot be reached, read or written, so nothing is restarted.'),
    restarts: z.string().describe('"on", or what keeps restarts off.'),
  })
  .describe('How the actuator is. Names no app: everyone may read it.');

export const Status = Health.extend({
  now_ms: timeMs('The clock of the actuator: ages are counted from it.'),
  read_from: z
    .enum(['actuator', 'redis'])
    .describe('`redis`: a command read what the actuator keeps there. The actuator itself answers `actuator`.'),
  version: z.string().describe('Of the package.'),
  started_at_ms: timeMs('When the actuator started.'),
  window_ms: z.number().describe('TIDEMARK_WINDOW, in ms.'),
  read_only: z
    .boolean()
    .describe('This request may steer nothing: its token is TIDEMARK_READ_TOKEN, or the answer is read from Redis.'),
  acting: z.boolean().describe('It leads, and restarts at least one target that is not dry.'),
  ingest: z
    .object({
      over_http: z.boolean().describe('Whether measurements are taken at /v1/metrics.'),
      over_redis: z.boolean().describe('Whether they are taken from the points stream.'),
      needs_token: z.boolean().describe('Whether a sender needs an ingest token.'),
      points_per_minute: z.number().nullable().describe('Data points used in the last full minute; null before one.'),
    })
    .describe('How measurements arrive.'),
  platform: z
    .object({
      configured: z.boolean().describe('Whether HEROKU_API_TOKEN is set.'),
      refuses: z.string().nullable().describe('What the platform said when it refused the token or more calls.'),
      calls_left: z
        .number()
        .nullable()
        .describe("What the account's limit leaves for all its tools; null before a call."),
      calls_used: z
        .number()
        .nullable()
        .describe('Calls of this actuator in the last hour, restarts included; null where unknown.'),
      budget: z
        .number()
        .nullable()
        .describe("TIDEMARK_API_BUDGET, or this actuator's share: calls an hour for watching; null as above."),
      budget_left: z.number().nullable().describe('Of the budget, what may be used now; null as above.'),
    })
    .describe('The platform, and its limit of calls.'),
  platform_refuses: z.string().nullable().describe('The same as platform.refuses.'),
  totals: Totals,
  groups: z.array(Group).describe('By app and type; at most 500.'),
  targets: z.array(TargetState),
  actuators: z.array(ActuatorShown).describe('All on the same Redis, by name; empty without a Redis.'),
  unread_boots: z
    .number()
    .describe('Boots of other actuators that are not shown here, because these are too many: ask their own API.'),
  refused: z.array(RefusedMeasurements),
}).describe('How the actuator and each target stand.');

export type ActuatorShown = z.infer<typeof ActuatorShown>;
export type TargetState = z.infer<typeof TargetState>;
export type Group = z.infer<typeof Group>;
export type RefusedMeasurements = z.infer<typeof RefusedMeasurements>;
export type Status = z.infer<typeof Status>;
