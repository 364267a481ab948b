import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  POINTS_STREAM_FIELD,
  POINTS_STREAM_GROUP,
  POINTS_STREAM_KEY,
  POINTS_STREAM_MAX_BYTES,
} from '../../../semconv.ts';
import type { BorrowedRedis, RedisScript } from '../../bullmq/borrowed-redis.ts';
import { reportFault } from '../../diagnostics.ts';
import { printLine } from '../../print-line.ts';
import { ExportParts, type Serialize } from '../export-parts.ts';

/**
 * What exceeds this in an export is left out: a sixteenth of the stream, so that one process cannot push out the points
 * of others.
 */
const MAX_ENTRY_BYTES = POINTS_STREAM_MAX_BYTES / 16;
/** The stream's life after its last entry: an application that stops sending leaves nothing behind. */
const STREAM_LIFE_MS = 60 * 60_000;
/** How many entries are kept if Redis does not report the stream's size (an ACL may forbid it). */
const ENTRIES_WITHOUT_SIZE = 100;

/**
 * Redis caps streams by entries. This script caps by bytes: once the stream exceeds the cap, it drops the oldest
 * entries until a quarter of the cap is free. If Redis is out of memory, the first command fails and nothing has
 * changed.
 *
 * Returns the new entry's id, and the id up to which an actuator has read: empty if none has, `unknown` if Redis does
 * not say (an ACL).
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
  keep = used > cap and math.max(1, math.floor(redis.call('XLEN', KEYS[1]) * cap * 0.75 / used)) or nil
end
if keep then redis.call('XTRIM', KEYS[1], 'MAXLEN', keep) end
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then return {id, 'unknown'} end
for _, group in ipairs(groups) do
  local field = {}
  for at = 1, #group, 2 do field[group[at]] = group[at + 1] end
  if field['name'] == ARGV[6] then return {id, field['last-delivered-id']} end
end
return {id, ''}
`,
};

export interface PointsStreamOptions {
  /** A connection of a worker that runs in this process; null if there is none now. */
  readonly workerRedis: () => BorrowedRedis | null;
  readonly serialize: Serialize;
  /**
   * Called with what `APPEND` returned for each written export. `onFailed` is called with the error of one that was not
   * written.
   */
  readonly onAppended: (reply: unknown) => void;
  readonly onFailed: (error: unknown) => void;
}

type ExportResult = Parameters<Parameters<PushMetricExporter['export']>[1]>[0];

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is not a dependency of this package. */
const SUCCESS = 0;

/**
 * Appends each export to the points stream, on a connection that BullMQ already has. The queue comes first: at most one
 * append is under way, none is repeated, and what Redis does not accept at once is dropped. The next export sends the
 * same sums again.
 */
export class PointsStreamExporter implements PushMetricExporter {
  readonly #options: PointsStreamOptions;
  readonly #parts: ExportParts;
  #underWay: Promise<void> | null = null;

  constructor(options: PointsStreamOptions) {
    this.#options = options;
    this.#parts = new ExportParts(options.serialize);
  }

  /** Reports success at once: the reader would otherwise wait under a timer that keeps the process alive. */
  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    this.#underWay ??= this.#append(metrics)
      .catch((error: unknown) => this.#options.onFailed(error))
      .catch((error: unknown) => reportFault('reporting the result of an export', error))
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
    const { workerRedis, onAppended } = this.#options;
    const redis = workerRedis();
    // A process without a running worker has no connection: before its first worker, after its last, and in a sandbox.
    if (redis === null) return;
    const first = this.#parts.of(metrics, MAX_ENTRY_BYTES).next();
    if (first.done === true) return;
    const { bytes, isLast } = first.value;
    if (!isLast) sayCut();
    const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const limits = [POINTS_STREAM_MAX_BYTES, STREAM_LIFE_MS, ENTRIES_WITHOUT_SIZE].map(String);
    const args = [POINTS_STREAM_FIELD, json, ...limits, POINTS_STREAM_GROUP];
    onAppended(await redis.evaluate(APPEND, [POINTS_STREAM_KEY], args));
  }
}

let isCutSaid = false;

/**
 * Printed once on the worker's output: at the default log level nobody would read it elsewhere, and the job is not at
 * fault.
 */
function sayCut(): void {
  if (isCutSaid) return;
  isCutSaid = true;
  printLine(
    'tidemark: this process has more job series (names, queues, outcomes) than the points stream accepts: ' +
      `an export is cut at ${MAX_ENTRY_BYTES / 1024} KiB. Memory, quota and running jobs are always sent, ` +
      'so restarts are not affected; the job names that come last are missing from the job figures. ' +
      'Lower TIDEMARK_MAX_JOB_NAMES, or use TIDEMARK_TRANSPORT=otlp.',
  );
}
