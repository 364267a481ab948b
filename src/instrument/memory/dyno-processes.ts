import { setImmediate } from 'node:timers/promises';
import { startedInDyno } from '../identity/dyno-identity.ts';
import type { Procfs } from './procfs.ts';

/** PID 1 of a container is the process that the container was started with. */
const INIT_PID = 1;
/** A process is inspected again after this time: its pid may belong to another process by now. */
const INSPECT_AGAIN_MS = 60_000;
/** Each process costs two or three files of about 10 us each. After this many, the event loop may do other work. */
const PROCESSES_AT_ONCE = 20;

/** What is known of one process. */
interface Inspection {
  readonly isOfDyno: boolean;
  /** Null if the process is of the dyno, or has ended. */
  readonly parentPid: number | null;
  readonly atMs: number;
  /** False after the first inspection: between fork and exec a process still has its parent's environment. */
  readonly isConfirmed: boolean;
}

/**
 * Finds the processes of this process's dyno, whoever started them: npm, process managers, agents from `.profile.d`,
 * browsers whose launcher has died.
 *
 * - PID 1 has the dyno's environment: this is the dyno's own container, and every process in it counts.
 * - PID 1 does not, or cannot be read: the machine may run other things, even other dynos. Then every process that was
 *   started with the dyno's environment counts, and all their descendants. Each process is inspected at its first two
 *   scans and then once a minute, because a scan would otherwise cost about 60 us a process.
 * - There is no dyno (`DYNO` is not set): only this process and its descendants count.
 */
export class DynoProcesses {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #procfs: Procfs;
  readonly #nowMs: () => number;
  /** Looked up once: PID 1 does not change during the life of its container. */
  #isContainer: boolean | null = null;
  /** By pid, of the processes that the last scan saw. */
  #inspections = new Map<number, Inspection>();

  /** @param nowMs monotonic */
  constructor(
    env: Readonly<Record<string, string | undefined>>,
    procfs: Procfs,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#env = env;
    this.#procfs = procfs;
    this.#nowMs = nowMs;
  }

  /** Each pid once, including this process. It pauses regularly, so that other work can run. */
  async pids(): Promise<ReadonlySet<number>> {
    const steps = this.#look();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await setImmediate();
    }
  }

  /** The same without pauses: 60 us a process at first, less later. */
  pidsNow(): ReadonlySet<number> {
    const steps = this.#look();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** Yields where it may pause. */
  *#look(): Generator<undefined, ReadonlySet<number>> {
    this.#isContainer ??= startedInDyno(INIT_PID, this.#env, this.#procfs);
    const found = new Set([process.pid]);
    if (this.#isContainer) {
      for (const pid of this.#procfs.pids()) found.add(pid);
      return found;
    }
    const children = yield* this.#scan(found);
    // Iterating a set also visits pids added meanwhile, each once.
    for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
    return found;
  }

  /** Adds the processes of the dyno to `found`. Returns the children of each process among the others. */
  *#scan(found: Set<number>): Generator<undefined, ReadonlyMap<number, readonly number[]>> {
    const seen = new Map<number, Inspection>();
    const children = new Map<number, number[]>();
    for (const pid of this.#procfs.pids()) {
      if (seen.size % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) yield;
      const inspection = this.#inspect(pid);
      seen.set(pid, inspection);
      const { isOfDyno, parentPid } = inspection;
      if (isOfDyno) found.add(pid);
      else if (parentPid !== null) children.set(parentPid, [...(children.get(parentPid) ?? []), pid]);
    }
    this.#inspections = seen;
    return children;
  }

  #inspect(pid: number): Inspection {
    const nowMs = this.#nowMs();
    const known = this.#inspections.get(pid);
    if (known?.isConfirmed && nowMs - known.atMs < INSPECT_AGAIN_MS) return known;
    const isOfDyno = startedInDyno(pid, this.#env, this.#procfs);
    const parentPid = isOfDyno ? null : (this.#procfs.stat(pid)?.parentPid ?? null);
    return { isOfDyno, parentPid, atMs: nowMs, isConfirmed: known !== undefined };
  }
}
