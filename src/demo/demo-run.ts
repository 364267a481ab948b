import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedDyno } from '../testbed/dyno-manager/manager.ts';
import { ActuatorView } from './actuator/actuator-view.ts';
import type { BootRecords } from './boot-records.ts';
import type { Evidence } from './demo-verdict.ts';
import type { DemoEnvironment } from './environment/demo-environment.ts';
import { waitingFor } from './finish.ts';
import type { QueueCounts } from './job-queues.ts';
import { importQueueOf } from './jobs/job.ts';
import { imports, mailerJobs, type PlannedJob, workerJobs } from './jobs/supply.ts';
import type { JobTally } from './jobs/tally.ts';
import {
  BLOATING_DYNOS,
  DEADLINE_MS,
  DISTURBED_DEADLINE_MS,
  EMBEDDED_DEADLINE_MS,
  FLOOR_SEEN_MS,
  FRAME_MS,
  MAILER_TYPE,
  SOFT_LIMIT_FRACTION,
  WORKER_TYPE,
} from './plan.ts';
import type { DynoRow, Frame } from './screen/frame.ts';

export interface DemoRunOptions {
  readonly environment: DemoEnvironment;
  readonly records: BootRecords;
  readonly tally: JobTally;
  readonly signal: AbortSignal;
  readonly isEmbedded: boolean;
  readonly startedAtMs: number;
  readonly show: (frame: Frame) => void;
  readonly announce: (text: string) => void;
  readonly onProcess: (name: string, pid: number) => void;
  /** The actuator has answered for the first time, so its page opens. */
  readonly onAnswer: () => void;
  /** Everything is up, and the jobs are on their way into the queues. */
  readonly onReady: () => void;
}

/**
 * One run: waits until every dyno is seen, adds the jobs, and watches until the loop has closed or the time is over. It
 * only watches, with one exception: the next boot of a dyno that was killed from outside gets that dyno's imports
 * again.
 */
export class DemoRun {
  readonly view: ActuatorView;
  readonly #options: DemoRunOptions;
  readonly #pids = new Map<string, number>();
  #dynos: readonly ManagedDyno[] = [];
  #counts: QueueCounts | null = null;
  #counting = false;
  #series = 0;
  /** By dyno: how many imports its killed boots had done that were added again. */
  readonly #givenAgain = new Map<string, number>();
  /** Dynos whose imports were not added yet. */
  readonly #toSupply = new Set(BLOATING_DYNOS);
  /** By boot id: when the actuator first had a class for it. */
  readonly #judgedSinceMs = new Map<string, number>();
  #disturbed = false;
  #broken: string | null = null;
  #hasAnswered = false;
  #over = false;

  constructor(options: DemoRunOptions) {
    this.#options = options;
    this.view = new ActuatorView(options.environment.client);
  }

  /** Something was killed from outside: the demo may take longer. */
  disturb(): void {
    this.#disturbed = true;
  }

  /** The loop can no longer close. */
  break(why: string): void {
    this.#broken ??= why;
  }

  /**
   * A boot was killed from outside before it was restarted: its dyno's next boot gets the imports again that the killed
   * one had done.
   */
  supplyAgain(dyno: string): void {
    const { records, tally } = this.#options;
    if (!BLOATING_DYNOS.includes(dyno) || records.of(dyno).some((boot) => boot.restartRequestsMs.length > 0)) return;
    const queue = importQueueOf(dyno);
    const done = tally.completedWith(`${queue}/`);
    const lost = done - (this.#givenAgain.get(dyno) ?? 0);
    if (lost <= 0) return;
    this.#givenAgain.set(dyno, done);
    this.#series += 1;
    this.#add(queue, imports(this.#series, lost));
  }

  /** Ends early if the signal is aborted. */
  async run(): Promise<Evidence> {
    const cutShort = (await this.#untilSeen()) ?? (await this.#untilClosed());
    this.#over = true;
    const { records, tally } = this.#options;
    return {
      boots: records.all,
      softLimitBytes: this.#softLimitBytes,
      bloatingDynos: BLOATING_DYNOS,
      jobs: tally.report(),
      counts: this.#counts,
      confirmedBootIds: this.view.confirmedBootIds,
      disturbed: this.#disturbed,
      cutShort,
    };
  }

  get #limitBytes(): number {
    return this.#dynos[0]?.limitBytes ?? 0;
  }

  get #softLimitBytes(): number {
    return this.#limitBytes * SOFT_LIMIT_FRACTION;
  }

  async #untilSeen(): Promise<string | null> {
    for (;;) {
      this.#look();
      if (this.#dynos.every((dyno) => this.view.classOf(dyno.dynoId) !== null)) break;
      const end = this.#endOfTime('the first points of every dyno');
      if (end !== null) return end;
      await this.#pause();
    }
    this.#add(WORKER_TYPE, workerJobs());
    this.#add(MAILER_TYPE, mailerJobs());
    this.#options.onReady();
    return null;
  }

  async #untilClosed(): Promise<string | null> {
    for (;;) {
      this.#look();
      this.#supply();
      const open = this.#waitingFor();
      if (open === null) return null;
      const end = this.#endOfTime(open);
      if (end !== null) return end;
      await this.#pause();
    }
  }

  /**
   * Adds a dyno's imports once the actuator has seen its floor. The actuator does not restart a boot that was high when
   * it was first seen, because it cannot know what that gives back. One that was killed just after its start sees the
   * boot late: then the imports wait.
   */
  #supply(): void {
    const nowMs = Date.now();
    for (const { name, dynoId } of this.#dynos) {
      const classOf = this.view.classOf(dynoId);
      if (classOf !== null && classOf !== 'warming' && !this.#judgedSinceMs.has(dynoId)) {
        this.#judgedSinceMs.set(dynoId, nowMs);
      }
      const judgedForMs = nowMs - (this.#judgedSinceMs.get(dynoId) ?? nowMs);
      const isSeen = this.view.knowsFloorOf(dynoId) || judgedForMs >= FLOOR_SEEN_MS;
      if (isSeen && this.#toSupply.delete(name)) this.#add(importQueueOf(name), imports(this.#series));
    }
  }

  #waitingFor(): string | null {
    return waitingFor({
      nowMs: Date.now(),
      boots: this.#options.records.all,
      softLimitBytes: this.#softLimitBytes,
      bloatingDynos: BLOATING_DYNOS,
      allJobsDone: this.#options.tally.allDone,
      counts: this.#counts,
      confirmedBootIds: this.view.confirmedBootIds,
    });
  }

  /** Why the demo ends early; null if it continues. */
  #endOfTime(waitingFor: string): string | null {
    if (this.#options.signal.aborted) return 'the demo was stopped';
    if (this.#broken !== null) return this.#broken;
    const undisturbedMs = this.#options.isEmbedded ? EMBEDDED_DEADLINE_MS : DEADLINE_MS;
    const limitMs = this.#disturbed ? DISTURBED_DEADLINE_MS : undisturbedMs;
    return this.#elapsedMs < limitMs ? null : `the time was over while the demo waited for ${waitingFor}`;
  }

  get #elapsedMs(): number {
    return Date.now() - this.#options.startedAtMs;
  }

  /** Samples what the dyno manager sees, asks the actuator and BullMQ, and shows it. */
  #look(): void {
    const { environment, records, announce } = this.#options;
    const nowMs = Date.now();
    this.#dynos = environment.manager.dynos();
    for (const dyno of this.#dynos) {
      records.sample(dyno, nowMs);
      this.#noticeProcess(dyno);
    }
    void this.view.refresh().then((news) => {
      this.#noticeAnswer();
      for (const text of news) if (!this.#over) announce(text);
    });
    void this.#count();
    this.#options.show(this.#frame(nowMs));
  }

  #noticeAnswer(): void {
    if (this.#hasAnswered || this.#over || !this.view.hasAnswered) return;
    this.#hasAnswered = true;
    this.#options.onAnswer();
  }

  #noticeProcess({ name, pid }: ManagedDyno): void {
    if (pid === null || this.#pids.get(name) === pid) return;
    this.#pids.set(name, pid);
    this.#options.onProcess(name, pid);
  }

  /**
   * The demo does not wait for the answer: it may take until Redis is back. A call that fails is repeated at the next
   * look.
   */
  async #count(): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    this.#counts = await this.#options.environment.queues.counts().catch(() => this.#counts);
    this.#counting = false;
  }

  #add(queue: string, jobs: readonly PlannedJob[]): void {
    this.#options.environment.queues.add(queue, jobs).catch((error: unknown) => {
      this.break(`jobs could not be added: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #frame(nowMs: number): Frame {
    const { tally } = this.#options;
    const { completed, added } = tally.report();
    return {
      startedAtMs: this.#options.startedAtMs,
      elapsedMs: nowMs - this.#options.startedAtMs,
      limitBytes: this.#limitBytes,
      softLimitBytes: this.#softLimitBytes,
      dynos: this.#dynos.map((dyno) => this.#row(dyno)),
      jobsDone: completed,
      jobsAdded: added,
      status: this.view.status(this.#dynos.map((dyno) => dyno.dynoId)),
    };
  }

  #row(dyno: ManagedDyno): DynoRow {
    const { records, tally } = this.#options;
    return {
      dyno: dyno.name,
      boots: records.of(dyno.name),
      usageBytes: dyno.memoryBytes,
      class: this.view.classOf(dyno.dynoId),
      jobsDone: tally.doneByDyno(dyno.name),
    };
  }

  async #pause(): Promise<void> {
    // An abort ends the pause; the loop checks the signal.
    await sleep(FRAME_MS, undefined, { signal: this.#options.signal }).catch(() => {});
  }
}
