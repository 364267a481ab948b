import type { MemoryLimits } from '../limits.ts';
import { FIELDS } from '../otlp/wanted-metrics.ts';
import type { PointRow } from './point-row.ts';
import type { SeriesSum } from './series-sum.ts';

/** What was handed on of one process: the newest time of each field, and for sums the series in it. */
export class ProcessMemory {
  readonly timesMs: number[] = new Array(FIELDS.length).fill(0);
  readonly sums: (SeriesSum | undefined)[] = [];
  /** By time. Mostly one. */
  readonly held = new Map<number, PointRow>();
  newestMs = 0;
  /** Whether it was dropped; rows that it still holds are passed on all the same. */
  isForgotten = false;
}

/** The processes of one app, in the order of silence: the most silent one first. */
interface AppMemories {
  readonly processes: Map<string, ProcessMemory>;
  series: number;
}

type Limits = Pick<MemoryLimits, 'maxProcesses' | 'maxProcessesOfApp' | 'maxSeries'>;

/**
 * The processes that are remembered, by app. Over a limit the app that uses most of it forgets, so that no sender can
 * make the actuator forget another app's.
 */
export class ProcessMemories {
  readonly #limits: Limits;
  readonly #apps = new Map<string, AppMemories>();
  #size = 0;
  #series = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** The process's, which is then the last in the order of silence. */
  of(app: string, key: string): ProcessMemory {
    const memories = this.#apps.get(app) ?? { processes: new Map<string, ProcessMemory>(), series: 0 };
    const known = memories.processes.get(key);
    if (known !== undefined) memories.processes.delete(key);
    else {
      const { maxProcesses, maxProcessesOfApp } = this.#limits;
      if (memories.processes.size >= maxProcessesOfApp) this.#forgetMostSilent(app);
      else if (this.#size >= maxProcesses) this.#forgetMostSilent(this.#largest(({ processes }) => processes.size));
      this.#size++;
    }
    const memory = known ?? new ProcessMemory();
    this.#apps.set(app, memories);
    memories.processes.set(key, memory);
    return memory;
  }

  /**
   * Counts series that were added to processes of the app. Over the limit its most silent processes forget theirs: what
   * comes late of their newest time is then taken for a repetition.
   */
  keepSeries(app: string, memory: ProcessMemory, more: number): void {
    const memories = this.#apps.get(app);
    if (memories === undefined || memory.isForgotten) return;
    memories.series += more;
    this.#series += more;
    if (this.#series <= this.#limits.maxSeries) return;
    const largest = this.#apps.get(this.#largest(({ series }) => series));
    if (largest === undefined) return;
    const keptSeries = largest.series / 2;
    for (const silent of largest.processes.values()) {
      this.#forgetSeries(largest, silent);
      if (largest.series <= keptSeries) return;
    }
  }

  /** Forgets the processes of which nothing is held and whose newest point is older than `oldestMs`. */
  sweep(oldestMs: number): void {
    for (const [app, { processes }] of this.#apps) {
      for (const [key, memory] of processes) {
        if (memory.held.size === 0 && memory.newestMs < oldestMs) this.#forget(app, key);
      }
    }
  }

  #largest(sizeOf: (memories: AppMemories) => number): string {
    let largest = '';
    let size = -1;
    for (const [app, memories] of this.#apps) {
      if (sizeOf(memories) > size) [largest, size] = [app, sizeOf(memories)];
    }
    return largest;
  }

  #forgetMostSilent(app: string): void {
    for (const key of this.#apps.get(app)?.processes.keys() ?? []) {
      this.#forget(app, key);
      return;
    }
  }

  #forget(app: string, key: string): void {
    const memories = this.#apps.get(app);
    const memory = memories?.processes.get(key);
    if (memories === undefined || memory === undefined) return;
    this.#forgetSeries(memories, memory);
    memory.isForgotten = true;
    memories.processes.delete(key);
    this.#size--;
    if (memories.processes.size === 0) this.#apps.delete(app);
  }

  #forgetSeries(memories: AppMemories, memory: ProcessMemory): void {
    for (const sum of memory.sums) {
      memories.series -= sum?.size ?? 0;
      this.#series -= sum?.size ?? 0;
    }
    memory.sums.length = 0;
  }
}
