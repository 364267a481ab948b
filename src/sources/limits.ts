import { getHeapStatistics } from 'node:v8';
import { BadInputError } from '../model/errors.ts';

/**
 * How much senders may make the actuator hold, all in one place. The figures keep the service alive on a heap of
 * 256 MiB, Node's default on a dyno of 512 MB, whatever a holder of a token sends.
 */

/** The input is well formed as far as it was read, but is more than may come at once: its sender may send less. */
export class OverLimitError extends BadInputError {}

const MIB = 1024 ** 2;

/** One request's body, in bytes. A Collector's batch of 8192 data points has 1 to 2 MiB before compression. */
export interface BodyLimits {
  /** As it comes over the wire. */
  readonly maxBodyBytes: number;
  /**
   * After decompression. Decompressing and decoding happen in one turn of the event loop, so only one request at a time
   * holds this much.
   */
  readonly maxDecodedBytes: number;
  /** JSON after decompression: `JSON.parse` makes 64 bytes of heap of the 3 bytes `{},`. */
  readonly maxJsonBytes: number;
}

export const BODY_LIMITS: BodyLimits = {
  maxBodyBytes: 8 * MIB,
  maxDecodedBytes: 16 * MIB,
  maxJsonBytes: 4 * MIB,
};

/**
 * Objects, arrays and list members in one JSON body: they decide what `JSON.parse` takes in memory and time. An export
 * has one in about 15 bytes.
 */
export const MAX_JSON_VALUES = 300_000;

/**
 * Fields of one protobuf body, with the weights below: they decide how long decoding holds the event loop. An export
 * has one in about 5 bytes, so this is far above a Collector's batch, and near what the limit in bytes lets through.
 */
export const MAX_PROTOBUF_FIELDS = 3_000_000;

/** What each of these costs on top of its fields. Without it, two bytes would buy all the work for an empty one. */
export const FIELD_WEIGHTS = { resource: 32, metric: 4, jobPoint: 4 } as const;

/** Bodies that wait to be decoded. */
export interface DecodeLimits {
  /** One that waited longer is refused: its sender has given up or is about to (10 s in the SDKs). */
  readonly maxWaitMs: number;
  readonly maxWaitingOfSender: number;
}

export const DECODE_LIMITS: DecodeLimits = { maxWaitMs: 5_000, maxWaitingOfSender: 200 };

/** Bodies that are on their way in or wait to be decoded, over all connections. */
export interface FlightLimits {
  /** What they hold at most, in bytes over the wire, announced ones in full. */
  readonly maxBytes: number;
  /** How many there are at most: each holds a socket. */
  readonly maxBodies: number;
  /** How much of both one sender may have: the rest is left to the others. */
  readonly maxSenderFraction: number;
}

export const FLIGHT_LIMITS: FlightLimits = { maxBytes: 32 * MIB, maxBodies: 512, maxSenderFraction: 0.5 };

/** What one request may contain. What is beyond is counted as `over-limit` and reported in the partial success. */
export interface RequestLimits {
  /** Resource entries. A Collector sends one a process, and no more than data points. */
  readonly maxResources: number;
  /** Data points of the metrics that are used. */
  readonly maxDataPoints: number;
  /** Those of them that are about jobs. Each becomes an object of about 300 bytes, with its names. */
  readonly maxJobPoints: number;
  /** Pairs of a resource and a time. Each becomes an object of about 300 bytes. */
  readonly maxRows: number;
  /** Names of apps that refusals are counted by; further ones are counted without a name. */
  readonly maxAppNames: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  maxResources: 20_000,
  maxDataPoints: 200_000,
  maxJobPoints: 50_000,
  maxRows: 20_000,
  maxAppNames: 100,
};

/** What is remembered of processes, to complete their exports and to recognise repetitions. */
export interface MemoryLimits {
  /** Bytes: 768 for each process, and 8 for each of its series (queue, job name, outcome) of the newest export. */
  readonly maxProcessBytes: number;
  /**
   * What the rows take that wait for their other parts: about 500 bytes each, and the texts of their processes. With
   * more, they are passed on at once.
   */
  readonly maxWaitingBytes: number;
  /** Data points in them, 16 bytes each. */
  readonly maxWaitingDataPoints: number;
  /** What the protobuf decoder remembers of resources, to recognise them by their bytes: about 1 KiB each. */
  readonly maxResourceBytes: number;
}

/** Of the heap; boots have 20 % (`boot-places.ts`), and requests the rest. */
const PROCESSES_FRACTION = 0.1;
const WAITING_FRACTION = 0.05;
const RESOURCES_FRACTION = 0.05;

/** @param heapBytes how large the heap may grow */
function memoryLimitsFor(heapBytes: number): MemoryLimits {
  return {
    maxProcessBytes: Math.floor(heapBytes * PROCESSES_FRACTION),
    maxWaitingBytes: Math.floor(heapBytes * WAITING_FRACTION),
    maxWaitingDataPoints: 1_000_000,
    maxResourceBytes: Math.floor(heapBytes * RESOURCES_FRACTION),
  };
}

/** V8 counts its young generation in the heap's limit: three semi-spaces, of 64 MiB on a 64-bit machine. */
const SEMI_SPACES = 3;
const SEMI_SPACE_MIB = 64;
/** As the actuator is started (`Procfile`). */
const SEMI_SPACE_FLAG = /^--max[-_]semi[-_]space[-_]size=(\d+)$/;

/**
 * What may stay in V8's heap, bytes: its limit less the young generation; where that is most of it, half.
 *
 * @param flags of Node, the last of which counts
 */
export function oldSpaceBytes(
  limitBytes: number = getHeapStatistics().heap_size_limit,
  flags: readonly string[] = [...(process.env.NODE_OPTIONS ?? '').split(' '), ...process.execArgv],
): number {
  const said = flags.flatMap((flag) => SEMI_SPACE_FLAG.exec(flag)?.[1] ?? []).at(-1);
  return Math.max(limitBytes / 2, limitBytes - SEMI_SPACES * Number(said ?? SEMI_SPACE_MIB) * MIB);
}

export const MEMORY_LIMITS: MemoryLimits = memoryLimitsFor(oldSpaceBytes());
