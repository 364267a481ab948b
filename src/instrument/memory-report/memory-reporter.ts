import {
  MEMORY_ANSWER_MAX_BYTES,
  MEMORY_QUESTION_LIFE_MS,
  type MemoryAnswer,
  type MemoryReportKeyNames,
  memoryAnswerField,
  type NotSampledBecause,
  type SampledAllocations,
} from '../../shared/memory-report-messages.ts';
import type { BorrowedRedis, RedisScript } from '../bullmq/borrowed-redis.ts';
import { reportFault } from '../diagnostics.ts';
import { allocationSites } from './allocation-sites.ts';
import { type HeapSampling, startHeapSampling } from './heap-sampling.ts';
import { hasHeadroom, memoryNow } from './memory-now.ts';

export interface MemoryReporterOptions {
  readonly keys: MemoryReportKeyNames;
  /** `tidemark.process.id` */
  readonly processId: string;
  readonly threadId: number;
  /** The application's directory, absolute. */
  readonly root: string;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  /** Default: V8's. */
  readonly startSampling?: () => Promise<HeapSampling | NotSampledBecause>;
  /** Default: by RSS and heap. */
  readonly hasHeadroom?: (maxRssBytes: number) => boolean;
}

/** A drain in which the process reports. */
export interface ReportRequest {
  readonly redis: BorrowedRedis;
  readonly attemptId: string;
  /** How long the answer is kept: the attempt is closed by then. */
  readonly keepMs: number;
}

/** How long a process may sample in all: one that is asked for ever and never restarted stops then. */
const SAMPLING_BUDGET_MS = 2 * 3_600_000;

/** After any other refusal, sampling starts only once the question has gone and come again. */
const MAY_START: ReadonlySet<NotSampledBecause> = new Set(['not-asked', 'no-headroom']);

const WRITE: RedisScript = {
  name: 'tidemark:report',
  lua: `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`,
};

/**
 * Writes what this thread's heap was made of before its dyno is restarted. Allocations are sampled only while the
 * actuator asks (a restart for a leak is minutes away), and read only when the drain has ended and no job runs, because
 * reading takes a full garbage collection. No method throws, and nothing keeps the process alive.
 */
export class MemoryReporter {
  readonly #options: MemoryReporterOptions;
  #sampling: HeapSampling | null = null;
  #starting = false;
  #startedMs = 0;
  #spentMs = 0;
  /** Why nothing is sampled. */
  #why: NotSampledBecause = 'not-asked';
  #lapse: NodeJS.Timeout | undefined;

  constructor(options: MemoryReporterOptions) {
    this.#options = options;
  }

  get questionKey(): string {
    return this.#options.keys.question;
  }

  /**
   * Starts or stops the sampling, by the question's key.
   *
   * @param maxRssBytes the RSS above which nothing may be sampled; null if nobody asks
   */
  see(maxRssBytes: number | null): void {
    const { hasHeadroom: fits = hasHeadroom } = this.#options;
    if (maxRssBytes === null) this.#drop('not-asked');
    else if (!fits(maxRssBytes)) this.#drop('no-headroom');
    else if (this.#sampling !== null) this.#lapseLater();
    else if (!this.#starting && MAY_START.has(this.#why)) void this.#start();
  }

  /** During a drain the samples are kept, whatever the question's key shows: they are read at its end. */
  keep(): void {
    if (this.#sampling !== null) this.#lapseLater();
  }

  /** Writes what the process holds, without allocations: jobs run. */
  reportBusy(request: ReportRequest): Promise<void> {
    return this.#write(request, null, this.#sampling === null ? this.#why : 'jobs-running');
  }

  /** Writes the same with the allocations that were sampled. Call it when no job runs. Ends the sampling. */
  async reportIdle(request: ReportRequest): Promise<void> {
    // Without samples, `reportBusy` has said all.
    if (this.#sampling === null) return;
    const sampled = await this.#take();
    await this.#write(request, sampled, sampled === null ? 'another-profiler' : null);
  }

  stop(): void {
    this.#drop('not-asked');
  }

  async #start(): Promise<void> {
    const { nowMs, startSampling = startHeapSampling } = this.#options;
    if (this.#spentMs >= SAMPLING_BUDGET_MS) {
      this.#why = 'time-over';
      return;
    }
    this.#starting = true;
    const started = await startSampling();
    this.#starting = false;
    if (typeof started === 'string') {
      this.#why = started;
      return;
    }
    this.#sampling = started;
    this.#startedMs = nowMs();
    this.#lapseLater();
  }

  /** By this process's clock, so that it ends even if actuator and Redis are lost. */
  #lapseLater(): void {
    clearTimeout(this.#lapse);
    if (this.#sampling === null) return;
    const leftMs = SAMPLING_BUDGET_MS - this.#spentMs - (this.#options.nowMs() - this.#startedMs);
    const why = leftMs <= MEMORY_QUESTION_LIFE_MS ? 'time-over' : 'not-asked';
    const lapse = () => this.#drop(why);
    this.#lapse = setTimeout(lapse, Math.max(0, Math.min(leftMs, MEMORY_QUESTION_LIFE_MS))).unref();
  }

  #drop(why: NotSampledBecause): void {
    clearTimeout(this.#lapse);
    this.#why = why;
    const sampling = this.#end();
    try {
      sampling?.drop();
    } catch (error) {
      reportFault('the memory report', error);
    }
  }

  #end(): HeapSampling | null {
    const sampling = this.#sampling;
    if (sampling !== null) this.#spentMs += this.#options.nowMs() - this.#startedMs;
    this.#sampling = null;
    return sampling;
  }

  /** Null if the samples are gone: something else has stopped V8's sampler. */
  async #take(): Promise<SampledAllocations | null> {
    const forMs = Math.round(this.#options.nowMs() - this.#startedMs);
    clearTimeout(this.#lapse);
    try {
      const head = await this.#end()?.take();
      return head === undefined ? null : { forMs, ...allocationSites(head, this.#options.root) };
    } catch {
      return null;
    }
  }

  async #write(
    { redis, attemptId, keepMs }: ReportRequest,
    sampled: SampledAllocations | null,
    notSampled: NotSampledBecause | null,
  ): Promise<void> {
    const { keys, processId, threadId } = this.#options;
    try {
      const answer: MemoryAnswer = { attemptId, ...memoryNow(), sampled, notSampled };
      const json = JSON.stringify(answer);
      if (Buffer.byteLength(json) > MEMORY_ANSWER_MAX_BYTES) return;
      const args = [memoryAnswerField(processId, threadId), json, `${Math.ceil(keepMs)}`];
      await redis.evaluate(WRITE, [keys.answers], args);
    } catch (error) {
      // The restart does not wait for it, and the queue's Redis may be full.
      reportFault('the memory report', error);
    }
  }
}
