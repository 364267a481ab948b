import type { JobResult } from './job.ts';

export interface TallyReport {
  readonly added: number;
  readonly completed: number;
  /** Jobs that were added and neither completed nor failed. */
  readonly lost: readonly string[];
  readonly failed: readonly string[];
  /** Jobs that completed more than once. */
  readonly repeated: readonly string[];
  /** Times that a job was taken from a worker that had died. */
  readonly rescued: number;
}

/** Follows every job by its id, from BullMQ's events. */
export class JobTally {
  readonly #completions = new Map<string, number>();
  readonly #failed = new Map<string, string>();
  readonly #doneByBoot = new Map<string, number>();
  readonly #doneByDyno = new Map<string, number>();
  readonly #javascriptByBoot = new Map<string, number>();
  #rescued = 0;

  added(id: string): void {
    if (!this.#completions.has(id)) this.#completions.set(id, 0);
  }

  completed(id: string, result: JobResult): void {
    this.#completions.set(id, (this.#completions.get(id) ?? 0) + 1);
    this.#doneByBoot.set(result.boot, this.doneByBoot(result.boot) + 1);
    this.#doneByDyno.set(result.dyno, this.doneByDyno(result.dyno) + 1);
    this.#javascriptByBoot.set(result.boot, result.javascriptBytes);
  }

  failed(id: string, why: string): void {
    this.#failed.set(id, why);
  }

  rescued(): void {
    this.#rescued += 1;
  }

  doneByBoot(bootId: string): number {
    return this.#doneByBoot.get(bootId) ?? 0;
  }

  /** Over all boots of the dyno. */
  doneByDyno(dyno: string): number {
    return this.#doneByDyno.get(dyno) ?? 0;
  }

  /** Bytes that JavaScript had in use in the boot at the end of its newest job; null if it has done none. */
  javascriptByBoot(bootId: string): number | null {
    return this.#javascriptByBoot.get(bootId) ?? null;
  }

  /** The number of jobs done whose ids begin with `prefix`. */
  completedWith(prefix: string): number {
    return [...this.#completions].filter(([id, count]) => count > 0 && id.startsWith(prefix)).length;
  }

  get allDone(): boolean {
    for (const [id, count] of this.#completions) if (count === 0 && !this.#failed.has(id)) return false;
    return true;
  }

  report(): TallyReport {
    const ids = (matches: (id: string, count: number) => boolean) =>
      [...this.#completions].filter(([id, count]) => matches(id, count)).map(([id]) => id);
    return {
      added: this.#completions.size,
      completed: ids((_, count) => count > 0).length,
      lost: ids((id, count) => count === 0 && !this.#failed.has(id)),
      failed: [...this.#failed].map(([id, why]) => `${id} (${why})`),
      repeated: ids((_, count) => count > 1),
      rescued: this.#rescued,
    };
  }
}
