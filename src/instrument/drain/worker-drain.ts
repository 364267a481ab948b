import { diag } from '@opentelemetry/api';
import { DRAIN_KEY_LIFE_MS, type DrainKeyNames, type DrainQuestion } from '../../shared/drain-messages.ts';
import type { WorkerMethods } from '../bullmq/bullmq-patch.ts';
import { guarded, reportFault } from '../diagnostics.ts';
import type { MemoryReporter, ReportRequest } from '../memory-report/memory-reporter.ts';
import { callHooks } from './drain-hooks.ts';
import { type DrainObserver, patchForDrain } from './drain-patch.ts';
import { answerDrain, lookForDrain, type Sighting } from './drain-redis.ts';
import type { DrainableWorker } from './drainable-worker.ts';
import { HeldWorker } from './held-worker.ts';
import { Looks } from './looks.ts';
import { forgetJobsOf, forgetLostJobs } from './manual-jobs.ts';
import { threadPeers } from './thread-peers.ts';

export interface ProcessDrainOptions {
  readonly keys: DrainKeyNames;
  /** `tidemark.process.id` */
  readonly processId: string;
  /** Null or absent: what the process held is not reported. */
  readonly reporter?: MemoryReporter | null;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
}

/** Attempts for one boot are hours apart; these are remembered so that each is handled once. */
const ATTEMPTS_REMEMBERED = 100;

/** A drain that this process carries out. Times are monotonic. */
interface Obedience {
  readonly attemptId: string;
  readonly server: string;
  readonly holdMs: number;
  readonly hookSignal: AbortController;
  lastSeenMs: number;
  /** The attempt is closed by then, whatever the key says. */
  readonly untilMs: number;
  /** `hooks`: hooks of `onDrain` or `onRestart` have not settled yet. `over`: the workers are about to resume. */
  stage: 'hooks' | 'jobs' | 'idle' | 'over';
}

interface NextStage {
  readonly hooks: 'drain' | 'restart';
  readonly stage: Obedience['stage'];
  readonly sighting: Sighting;
}

/**
 * The worker's side of a drain. It checks the key of its boot on the connections that BullMQ already has. If it finds
 * an attempt there, it holds its workers and reports to the actuator when no job runs any more. It lets the workers
 * resume when the key is gone, when it has not seen the key for longer than the key lives, or when the attempt must be
 * over: no worker stays held, whatever happens to the actuator. Each attempt is handled once; after its workers have
 * resumed, the process answers "not idle" to that attempt.
 */
export class ProcessDrain implements DrainObserver {
  readonly #options: ProcessDrainOptions;
  readonly #known = new WeakMap<DrainableWorker, HeldWorker>();
  /** Workers that have not closed. */
  readonly #workers = new Map<DrainableWorker, HeldWorker>();
  readonly #obeyed = new Set<string>();
  #obeying: Obedience | null = null;
  #releaseTimer: NodeJS.Timeout | undefined;
  readonly #looks: Looks;
  readonly #threads = threadPeers();

  constructor(options: ProcessDrainOptions) {
    this.#options = options;
    const isHolding = () => this.#obeying !== null;
    this.#looks = new Looks({ look: () => this.#look(), isHolding, nowMs: options.nowMs });
  }

  /** Follows the workers of a class (its prototype) or one worker; returns a function that undoes it. */
  follow(target: WorkerMethods): () => void {
    if (this.#workers.size > 0) this.#looks.start();
    return patchForDrain(target, this);
  }

  /**
   * A worker is followed from the first call on. The first worker starts the checks; a worker that appears during a
   * drain is held like the others.
   */
  of(worker: DrainableWorker): HeldWorker {
    const known = this.#known.get(worker);
    if (known !== undefined) return known;
    const held = new HeldWorker(worker);
    this.#known.set(worker, held);
    this.#workers.set(worker, held);
    if (this.#obeying !== null) held.hold();
    if (this.#workers.size === 1) this.#threads.report();
    this.#looks.start();
    return held;
  }

  /** A worker's loop has begun; not if it is closing, when BullMQ's `run()` does nothing. */
  workerRuns(worker: DrainableWorker): void {
    if (worker.closing) return;
    this.of(worker).loopBegins();
    this.#looks.start();
  }

  workerClosing(worker: DrainableWorker): void {
    this.#known.get(worker)?.stopsByItself();
  }

  workerClosed(worker: DrainableWorker): void {
    const held = this.#workers.get(worker);
    if (held !== undefined) forgetJobsOf(held);
    this.#workers.delete(worker);
    // Not a release, whose timer runs on: the application may create its next worker while the key is still there.
    if (this.#workers.size === 0) this.#stopLooking();
  }

  isLookOverdue(): boolean {
    return this.#looks.isOverdue();
  }

  lookFirst(): Promise<void> {
    return this.#looks.now();
  }

  /** Stops the checks; held workers resume. */
  stop(): void {
    this.#stopLooking();
    this.#release('the drain is no longer followed');
  }

  #stopLooking(): void {
    this.#looks.stop();
    this.#options.reporter?.stop();
    this.#threads.leave();
  }

  async #look(): Promise<boolean> {
    const { keys, nowMs, reporter = null } = this.#options;
    const lookedAtMs = nowMs();
    const { sightings, isComplete } = await lookForDrain(this.#workers.keys(), keys, reporter?.questionKey ?? null);
    if (!this.#looks.isRunning) return isComplete;
    const found = sightings.find(({ question }) => question !== null);
    if (this.#obeying !== null || found !== undefined) reporter?.keep();
    else if (sightings.length > 0) reporter?.see(samplingMaxRssBytes(sightings));
    if (found?.question) this.#see(found, found.question, lookedAtMs);
    else if (sightings.some(({ server }) => server === this.#obeying?.server)) this.#release('the drain key is gone');
    if (found?.question) await this.#answer(found, found.question.attemptId);
    return isComplete;
  }

  #see(sighting: Sighting, question: DrainQuestion, seenMs: number): void {
    const { attemptId } = question;
    if (this.#obeying?.attemptId === attemptId) this.#obeying.lastSeenMs = seenMs;
    else if (this.#obeyed.has(attemptId)) return;
    else this.#obey(sighting, question, seenMs);
    this.#releaseInTime();
  }

  #obey(sighting: Sighting, { attemptId, holdMs }: DrainQuestion, seenMs: number): void {
    this.#remember(attemptId);
    this.#obeying?.hookSignal.abort();
    const obedience: Obedience = {
      attemptId,
      server: sighting.server,
      holdMs,
      hookSignal: new AbortController(),
      lastSeenMs: seenMs,
      untilMs: seenMs + holdMs,
      stage: 'hooks',
    };
    this.#obeying = obedience;
    diag.info(`tidemark: the workers of this process take no more jobs, because of the restart ${attemptId}`);
    for (const held of this.#workers.values()) guarded('holding a worker', () => held.hold());
    void this.#options.reporter?.reportBusy(reportRequest(obedience, sighting));
    void this.#goOn(obedience, { hooks: 'drain', stage: 'jobs', sighting });
  }

  /** By this process's clock, so that it happens even if Redis is lost. */
  #releaseInTime(): void {
    const obedience = this.#obeying;
    if (obedience === null) return;
    const releaseAtMs = Math.min(obedience.lastSeenMs + DRAIN_KEY_LIFE_MS, obedience.untilMs);
    clearTimeout(this.#releaseTimer);
    this.#releaseTimer = setTimeout(
      () => void this.#releaseUnlessSeen(obedience),
      Math.max(0, releaseAtMs - this.#options.nowMs()),
    ).unref();
  }

  /**
   * If a job kept the event loop busy, the key may have been missed: an earlier check may be answered but unread, and
   * no later one was made. So the key is checked once more before the workers resume.
   */
  async #releaseUnlessSeen(obedience: Obedience): Promise<void> {
    const { nowMs } = this.#options;
    const isOver = () => nowMs() >= obedience.untilMs;
    const isSeen = () => nowMs() < obedience.lastSeenMs + DRAIN_KEY_LIFE_MS;
    // The check under way may have been answered long ago, so its answer may be old.
    for (let look = 0; look < 2 && !isOver() && !isSeen(); look++) await this.#looks.now();
    if (obedience !== this.#obeying) return;
    if (isOver()) await this.#withdrawAndRelease(obedience);
    else if (isSeen()) this.#releaseInTime();
    else {
      // No worker was there to see the key, and none resumes: one that is created later obeys the attempt.
      if (this.#workers.size === 0) this.#obeyed.delete(obedience.attemptId);
      this.#release('the drain key was not seen in time');
    }
  }

  /** The key may still exist, with "idle" next to it: that answer is withdrawn before a worker takes a job. */
  async #withdrawAndRelease(obedience: Obedience): Promise<void> {
    obedience.stage = 'over';
    // The check under way may have answered already.
    for (let look = 0; look < 2; look++) await this.#looks.now();
    if (obedience === this.#obeying) this.#release(`the restart ${obedience.attemptId} has reached its time limit`);
  }

  #release(why: string): void {
    clearTimeout(this.#releaseTimer);
    if (this.#obeying === null) return;
    diag.info(`tidemark: the workers of this process take jobs again: ${why}`);
    this.#obeying.hookSignal.abort();
    this.#obeying = null;
    for (const held of this.#workers.values()) guarded('releasing a worker', () => held.release());
  }

  async #answer(sighting: Sighting, attemptId: string): Promise<void> {
    // A hook may settle after the last worker has closed. The other threads then count this one no more.
    if (this.#workers.size === 0) return;
    const obedience = this.#obeying;
    if (obedience !== null) this.#hurry();
    if (obedience?.stage === 'jobs' && this.#nothingRuns()) {
      void this.#goOn(obedience, { hooks: 'restart', stage: 'idle', sighting });
      return;
    }
    const idle = obedience?.attemptId === attemptId && obedience.stage === 'idle' && this.#nothingRuns();
    this.#threads.report({ attemptId, idle });
    await answerDrain(sighting, this.#options, { attemptId, idle: idle && this.#threads.areIdle(attemptId) });
  }

  #hurry(): void {
    for (const [worker, held] of this.#workers) {
      held.interrupt();
      void forgetLostJobs(worker, held);
    }
  }

  /** Calls hooks, enters the next stage, and answers at once. Never awaited: the key must be checked meanwhile. */
  async #goOn(obedience: Obedience, to: NextStage): Promise<void> {
    const { attemptId, hookSignal } = obedience;
    obedience.stage = 'hooks';
    try {
      await callHooks(to.hooks, { attemptId, signal: hookSignal.signal });
      // Before the process says that it is idle, because the restart follows that.
      if (to.stage === 'idle') await this.#options.reporter?.reportIdle(reportRequest(obedience, to.sighting));
      if (obedience.stage !== 'hooks') return;
      obedience.stage = to.stage;
      if (obedience === this.#obeying) await this.#answer(to.sighting, attemptId);
    } catch (error) {
      reportFault('answering a drain', error);
    }
  }

  #nothingRuns(): boolean {
    return [...this.#workers.values()].every((held) => held.isIdle());
  }

  #remember(attemptId: string): void {
    this.#obeyed.add(attemptId);
    const [oldest] = this.#obeyed;
    if (this.#obeyed.size > ATTEMPTS_REMEMBERED && oldest !== undefined) this.#obeyed.delete(oldest);
  }
}

function samplingMaxRssBytes(sightings: readonly Sighting[]): number | null {
  return sightings.find((sighting) => sighting.samplingMaxRssBytes !== null)?.samplingMaxRssBytes ?? null;
}

function reportRequest({ attemptId, holdMs }: Obedience, { redis }: Sighting): ReportRequest {
  return { redis, attemptId, keepMs: holdMs };
}
