/**
 * A Point is one measurement of one process at one time. Sources produce Points, and know no other part.
 */

/** `main`: a process of the app itself. `sandbox`: a child that BullMQ forked to run jobs. */
export type ProcessRole = 'main' | 'sandbox';

/**
 * Identifies one boot of a dyno. Dyno names are reused (`worker.1` returns after every restart), boot ids are not, so
 * everything that is remembered belongs to a `bootId`.
 */
export interface BootIdentity {
  /** The Heroku app's name; null where it is unknown (such a boot is never restarted, only advised on). */
  readonly app: string | null;
  /**
   * The dyno's name as the Platform API needs it, e.g. `worker.1` (Cedar) or `worker-23z34x56y-w78k9` (Fir). Never
   * empty.
   */
  readonly dyno: string;
  /** The process type, e.g. `worker`. */
  readonly processType: string;
  /** `heroku.dyno.id`: unique for one life of a dyno. Never empty. */
  readonly bootId: string;
  /**
   * `platform`: the id is the platform's own (`HEROKU_DYNO_ID`); `derived`: made alike by all processes of the
   * container.
   */
  readonly bootIdSource: 'platform' | 'derived';
  /** When PID 1 of the container started (Unix ms); null where it was not reported. */
  readonly startTimeMs: number | null;
  /** The release that runs (`service.version`, e.g. `v42`); null where it is unknown. */
  readonly release: string | null;
  /** What `bootKeyOf` gives, where it was made before. */
  readonly key?: string;
}

/**
 * Unique over all apps. Senders choose boot ids: the app is part of the key so that no app can report for another's
 * boots, and the dyno name so that dynos with the same overwritten id are not summed.
 */
export function bootKeyOf({ app, dyno, bootId, key }: Pick<BootIdentity, 'app' | 'dyno' | 'bootId' | 'key'>): string {
  return key ?? `${app ?? ''}|${dyno}|${bootId}`;
}

/**
 * Settings that decide how long a process keeps memory it no longer uses, as the process reports them. Fixed at its
 * start.
 */
export interface MemoryTuning {
  /** `glibc`, `jemalloc`, ...; null where the process could not detect it. */
  readonly allocator: string | null;
  /** The value of `MALLOC_ARENA_MAX`; null where it is not set. */
  readonly mallocArenaMax: string | null;
  /** V8's limit for its heap. */
  readonly heapLimitBytes: number;
  /** True where a flag of node sets the limit; false where V8 chose it. */
  readonly isHeapLimitSet: boolean;
}

/** One measurement of one process at one time. Null: not measured (which is not zero). Memory is in bytes. */
export interface Point {
  readonly boot: BootIdentity;
  /** `tidemark.process.id`: one per process. */
  readonly processId: string;
  /** When the process started (Unix ms); null or absent where it was not reported. */
  readonly processStartMs?: number | null;
  readonly processRole: ProcessRole;
  /** Null where it is not reported, as by other instrumentations. */
  readonly tuning: MemoryTuning | null;
  /** When it was measured, by the clock of the measured machine (Unix ms). */
  readonly timeMs: number;
  /** RSS of this process (`process.memory.usage`). */
  readonly rssBytes: number | null;
  /** Resident memory of the tree of processes this one reports for (`tidemark.dyno.memory.usage`, state `resident`). */
  readonly treeResidentBytes: number | null;
  /** Swap of the same tree (state `swap`). */
  readonly treeSwapBytes: number | null;
  /** The dyno's quota as seen from inside (`tidemark.dyno.memory.limit`). */
  readonly limitBytes: number | null;
  readonly heapUsedBytes: number | null;
  readonly externalBytes: number | null;
  /** Jobs running in this process now, over all its queues. */
  readonly activeJobs: number | null;
  /** Jobs this process has finished since it started. */
  readonly completedJobs: number | null;
  /**
   * When the oldest of the jobs that run in this process now began, by the same clock as `timeMs`; `timeMs` if none
   * runs. Null or absent where it is not reported, as by older workers.
   */
  readonly oldestJobStartMs?: number | null;
}
