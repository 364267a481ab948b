import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { POINTS_STREAM_FIELD, POINTS_STREAM_KEY, POINTS_STREAM_MAX_BYTES } from '../../semconv.ts';
import type { BorrowedRedis, RedisScript } from '../bullmq/borrowed-redis.ts';
import { warnOfRefusal } from '../bullmq/redis-refusal.ts';
import { reportFault } from '../diagnostics.ts';
import { ExportParts, type Serialize } from './export-parts.ts';

/** What of an export is more than this is left out: a sixteenth of the stream, so that one process cannot push the others' points out. */
const MAX_ENTRY_BYTES = POINTS_STREAM_MAX_BYTES / 16;
/** The stream's life after the last entry: an application that sends no more leaves nothing behind. */
const STREAM_LIFE_MS = 60 * 60_000;
/** Where Redis does not tell the stream's size (an ACL may forbid it), so many entries are kept. */
const ENTRIES_WITHOUT_SIZE = 100;

/**
 * Redis caps streams by entries; here the oldest go so that a quarter of the bytes is free again once they are over the cap. Where Redis is
 * out of memory the first command fails and nothing has changed.
 */
const APPEND: RedisScript = {
  name: 'tidemark:append-points',
  lua: `
local id = redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local cap = tonumber(ARGV[3])
local used = redis.pcall('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', '0')
local keep = tonumber(ARGV[5])
if type(used) == 'number' then
  if used <= cap then return id end
  keep = math.max(1, math.floor(redis.call('XLEN', KEYS[1]) * cap * 0.75 / used))
end
redis.call('XTRIM', KEYS[1], 'MAXLEN', keep)
return id
`,
};

export interface PointsStreamOptions {
  /** A connection of a worker that runs in this process; null where there is none just now. */
  readonly lend: () => BorrowedRedis | null;
  readonly serialize: Serialize;
}

type ExportResult = Parameters<Parameters<PushMetricExporter['export']>[1]>[0];

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is no dependency of its own. */
const SUCCESS = 0;

/**
 * Appends each export to the points stream, on a connection that BullMQ has anyway. The queue comes first: one append is under way at
 * most, none is repeated, and whatever Redis does not take at once is dropped. The next export tells the same sums anew.
 */
export class PointsStreamExporter implements PushMetricExporter {
  readonly #lend: PointsStreamOptions['lend'];
  readonly #parts: ExportParts;
  #underWay: Promise<void> | null = null;

  constructor({ lend, serialize }: PointsStreamOptions) {
    this.#lend = lend;
    this.#parts = new ExportParts(serialize);
  }

  /** Tells success at once: the reader would wait under a timer that keeps the process alive. */
  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    this.#underWay ??= this.#append(metrics)
      .catch((error: unknown) => {
        const consequence = 'the points of this process do not reach the actuator over Redis.';
        if (!warnOfRefusal(error, consequence)) reportFault('appending points to the stream', error);
      })
      .finally(() => {
        this.#underWay = null;
      });
    done({ code: SUCCESS });
  }

  async forceFlush(): Promise<void> {
    await this.#underWay;
  }

  async shutdown(): Promise<void> {
    await this.#underWay;
  }

  async #append(metrics: ResourceMetrics): Promise<void> {
    const redis = this.#lend();
    // A process without a running worker has none: before its first one, after its last, and in a sandbox.
    if (redis === null) return;
    const first = this.#parts.of(metrics, MAX_ENTRY_BYTES).next();
    if (first.done === true) return;
    const { bytes, isLast } = first.value;
    if (!isLast) sayCut();
    const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const limits = [POINTS_STREAM_MAX_BYTES, STREAM_LIFE_MS, ENTRIES_WITHOUT_SIZE].map(String);
    await redis.evaluate(APPEND, [POINTS_STREAM_KEY], [POINTS_STREAM_FIELD, json, ...limits]);
  }
}

let isCutSaid = false;

/** On the worker's output, once: at the default log level nobody would read it elsewhere, and it is no fault of the job's. */
function sayCut(): void {
  if (isCutSaid) return;
  isCutSaid = true;
  console.warn(
    `tidemark: this process has more job series (names, queues, outcomes) than the points stream takes: an export is cut at ${MAX_ENTRY_BYTES / 1024} KiB. Memory, quota and running jobs are always sent, so restarts are not affected; the job names that come last are missing from the job figures. Lower TIDEMARK_MAX_JOB_NAMES, or use TIDEMARK_TRANSPORT=otlp.`,
  );
}
