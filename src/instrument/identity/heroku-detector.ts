import {
  ATTR_CLOUD_PROVIDER,
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_HEROKU_APP_ID,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  ATTR_HEROKU_RELEASE_COMMIT,
  ATTR_HEROKU_RELEASE_CREATION_TIMESTAMP,
  ATTR_PROCESS_ALLOCATOR,
  ATTR_PROCESS_HEAP_LIMIT,
  ATTR_PROCESS_HEAP_LIMIT_SOURCE,
  ATTR_PROCESS_ID,
  ATTR_PROCESS_MALLOC_ARENA_MAX,
  ATTR_PROCESS_ROLE,
  ATTR_PROCESS_START_TIME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '../../semconv.ts';
import { memoryTuning } from '../memory/memory-tuning.ts';
import { Procfs } from '../memory/procfs.ts';
import { dynoIdentity } from './dyno-identity.ts';
import { processId } from './process-id.ts';
import { processRole } from './process-role.ts';

/** Attributes of an OpenTelemetry resource, by name. */
export type ResourceAttributes = Record<string, string>;

/** Structurally OpenTelemetry's `ResourceDetector`. */
export interface HerokuDetector {
  /** Synchronous; never throws. Attributes that cannot be known are left out. */
  detect(): {
    /** At least what identifies the process. */
    attributes: ResourceAttributes;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The attributes of this process's resource, from an environment. */
export function herokuAttributes(env: Environment, procfs: Procfs = new Procfs()): ResourceAttributes {
  const dyno = dynoIdentity(env, procfs);
  const tuning = memoryTuning({ env, procfs });
  const candidates: Readonly<Record<string, string | null | undefined>> = {
    [ATTR_SERVICE_NAME]: serviceName(env),
    // One per process, as the semantic conventions require. `OTEL_RESOURCE_ATTRIBUTES` may replace it with one that all
    // processes share.
    [ATTR_SERVICE_INSTANCE_ID]: processId(),
    [ATTR_PROCESS_ID]: processId(),
    [ATTR_PROCESS_START_TIME]: new Date(performance.timeOrigin).toISOString(),
    [ATTR_SERVICE_VERSION]: env.HEROKU_RELEASE_VERSION,
    [ATTR_CLOUD_PROVIDER]: dyno === null ? null : 'heroku',
    [ATTR_HEROKU_APP_ID]: env.HEROKU_APP_ID,
    [ATTR_HEROKU_APP_NAME]: env.TIDEMARK_APP?.trim() || env.HEROKU_APP_NAME,
    [ATTR_HEROKU_RELEASE_COMMIT]: env.HEROKU_BUILD_COMMIT || env.HEROKU_SLUG_COMMIT,
    [ATTR_HEROKU_RELEASE_CREATION_TIMESTAMP]: env.HEROKU_RELEASE_CREATED_AT,
    [ATTR_HEROKU_DYNO_NAME]: dyno?.name,
    [ATTR_HEROKU_PROCESS_TYPE]: dyno?.processType,
    [ATTR_HEROKU_DYNO_ID]: dyno?.id,
    [ATTR_DYNO_ID_SOURCE]: dyno?.idSource,
    [ATTR_DYNO_START_TIME]: dyno?.startTime,
    [ATTR_PROCESS_ROLE]: processRole(),
    [ATTR_PROCESS_ALLOCATOR]: tuning.allocator,
    [ATTR_PROCESS_MALLOC_ARENA_MAX]: tuning.mallocArenaMax,
    // Text like every other attribute here: receivers, including the actuator, read only the strings of a resource.
    [ATTR_PROCESS_HEAP_LIMIT]: String(tuning.heapLimitBytes),
    [ATTR_PROCESS_HEAP_LIMIT_SOURCE]: tuning.heapLimitSource,
  };
  const known = Object.entries(candidates).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(known);
}

/** If the standard variables give a name, the SDK reads it itself. */
function serviceName(env: Environment): string | undefined {
  if (env.OTEL_SERVICE_NAME) return env.OTEL_SERVICE_NAME;
  if (/(?:^|,)\s*service\.name\s*=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? '')) return undefined;
  return env.HEROKU_APP_NAME || env.TIDEMARK_APP;
}

/**
 * Adds the app, the dyno and the boot to an application's own OpenTelemetry resource: without it Tidemark cannot tell
 * which dyno a metric came from. Also adds the settings that decide how long the process keeps memory (allocator, heap
 * limit). Names follow the semantic conventions if they define one. Never throws; what cannot be known is left out.
 *
 * @example
 * ```ts
 * const sdk = new NodeSDK({
 * resourceDetectors: [herokuDetector],
 * instrumentations: [new BullMQMemoryInstrumentation()],
 * });
 * ```
 */
export const herokuDetector: HerokuDetector = {
  detect: () => ({ attributes: herokuAttributes(process.env) }),
};
