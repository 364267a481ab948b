import { hash } from 'node:crypto';
import { type BootIdentity, bootKeyOf, type MemoryTuning, type ProcessRole } from '../../model/point.ts';
import {
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  ATTR_PROCESS_ALLOCATOR,
  ATTR_PROCESS_HEAP_LIMIT,
  ATTR_PROCESS_HEAP_LIMIT_SOURCE,
  ATTR_PROCESS_ID,
  ATTR_PROCESS_MALLOC_ARENA_MAX,
  ATTR_PROCESS_ROLE,
  ATTR_PROCESS_START_TIME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_VERSION,
} from '../../semconv.ts';
import { processTypeOf } from '../../shared/dyno-name.ts';

/** The process and the boot that a resource describes. */
export interface ProcessIdentity {
  readonly boot: BootIdentity;
  readonly processId: string;
  /** Unique over all apps, of a bounded length: what is remembered of the process is found by it. */
  readonly key: string;
  readonly processStartMs: number | null;
  readonly processRole: ProcessRole;
  readonly tuning: MemoryTuning | null;
}

/** The resource attributes that are read. Decoders pass their values in this order. */
export const IDENTITY_ATTRIBUTES: readonly string[] = [
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_SERVICE_VERSION,
  ATTR_PROCESS_ID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_PROCESS_START_TIME,
  ATTR_PROCESS_ROLE,
  ATTR_PROCESS_ALLOCATOR,
  ATTR_PROCESS_MALLOC_ARENA_MAX,
  ATTR_PROCESS_HEAP_LIMIT,
  ATTR_PROCESS_HEAP_LIMIT_SOURCE,
];

/**
 * These texts are kept as long as the boot, so their size is bounded: one character beyond Latin makes V8 keep the
 * whole text with two bytes each. Heroku's own names and ids have 63 bytes at most.
 */
export const MAX_IDENTITY_BYTES = 128;

/** Bytes that the texts of a process take at most, while it waits. */
export function textBytesOf({ boot, processId, key, tuning }: ProcessIdentity): number {
  const { app, dyno, processType, bootId, release } = boot;
  // Twice for each row: a list of them would be most of its cost.
  const characters = dyno.length + processType.length + bootId.length + processId.length;
  const keys = key.length + lengthOf(boot.key);
  const optional = lengthOf(app) + lengthOf(release) + lengthOf(tuning?.allocator) + lengthOf(tuning?.mallocArenaMax);
  return 2 * (characters + keys + optional);
}

function lengthOf(text: string | null | undefined): number {
  return text?.length ?? 0;
}

/** What a resource says of who measured. */
export interface Measurer {
  /** Null where the resource has no dyno name or no dyno id. */
  readonly process: ProcessIdentity | null;
  /** The app's name, also where it says nothing else; null where it has none. */
  readonly app: string | null;
}

const APP_PLACE = IDENTITY_ATTRIBUTES.indexOf(ATTR_HEROKU_APP_NAME);

/** @param values in the order of `IDENTITY_ATTRIBUTES` */
export function measurerOf(values: readonly (string | undefined)[]): Measurer {
  return { process: identifyProcess(values), app: values[APP_PLACE] || null };
}

/** A boot whose key is made once: it is asked for some times with each measurement. */
class ReportedBoot implements BootIdentity {
  readonly app: string | null;
  readonly dyno: string;
  readonly processType: string;
  readonly bootId: string;
  readonly bootIdSource: BootIdentity['bootIdSource'];
  readonly startTimeMs: number | null;
  readonly release: string | null;
  // No field, so that it is in no snapshot.
  readonly #key: string;

  constructor(identity: BootIdentity) {
    this.app = identity.app;
    this.dyno = identity.dyno;
    this.processType = identity.processType;
    this.bootId = identity.bootId;
    this.bootIdSource = identity.bootIdSource;
    this.startTimeMs = identity.startTimeMs;
    this.release = identity.release;
    this.#key = bootKeyOf(identity);
  }

  get key(): string {
    return this.#key;
  }
}

/** Null where the resource has no dyno name or no dyno id. */
function identifyProcess(values: readonly (string | undefined)[]): ProcessIdentity | null {
  const [dyno, bootId, app, processType, source, startTime, release, process, instance, processStart, role, ...tuning] =
    values;
  if (!dyno || !bootId) return null;
  // Ours first: an app may set `service.instance.id` for all its processes alike. Without either, one process stands
  // for the dyno.
  const processId = process || instance || bootId;
  const boot = new ReportedBoot({
    app: app || null,
    dyno,
    processType: processType || processTypeOf(dyno),
    bootId,
    // An id of unknown origin counts as derived: the platform's start time must match it too.
    bootIdSource: source === 'platform' ? 'platform' : 'derived',
    startTimeMs: parseTime(startTime),
    release: release || null,
  });
  return {
    boot,
    processId,
    key: keptKey(`${boot.key}|${processId}`),
    processStartMs: parseTime(processStart),
    processRole: role === 'sandbox' ? 'sandbox' : 'main',
    tuning: tuningOf(tuning),
  };
}

/** Real keys are about this long. */
const MAX_KEY_LENGTH = 192;

/** Of a bounded size, whatever the names in it. */
function keptKey(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : hash('sha256', key, 'base64');
}

/**
 * Null where the heap limit is missing or not a number: every Tidemark process reports it, so another program made the
 * resource.
 */
function tuningOf([allocator, arenaMax, heapLimit, heapLimitSource]: readonly (
  | string
  | undefined
)[]): MemoryTuning | null {
  const heapLimitBytes = Number(heapLimit ?? '');
  if (!Number.isSafeInteger(heapLimitBytes) || heapLimitBytes <= 0) return null;
  return {
    allocator: allocator || null,
    mallocArenaMax: arenaMax || null,
    heapLimitBytes,
    isHeapLimitSet: heapLimitSource === 'flag',
  };
}

/** RFC 3339: a date, a time and an offset, which is what keeps `Date.parse` from taking other forms as local time. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function parseTime(text = ''): number | null {
  const timeMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(timeMs) && timeMs > 0 ? timeMs : null;
}
