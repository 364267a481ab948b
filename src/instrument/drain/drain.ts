import { diag } from '@opentelemetry/api';
import { ATTR_HEROKU_DYNO_ID, ATTR_SERVICE_INSTANCE_ID, DRAIN_KEY_LIFE_MS } from '../../semconv.ts';
import type { WorkerMethods } from '../bullmq/bullmq-patch.ts';
import { guarded, reportFault } from '../diagnostics.ts';
import { herokuAttributes } from '../identity/heroku-detector.ts';
import { processRole } from '../identity/process-role.ts';
import { callHooks } from './drain-hooks.ts';
import { patchForDrain } from './drain-patch.ts';
import { answerDrain, lookForDrain, type Sighting } from './drain-redis.ts';
import type { DrainableWorker } from './drainable-worker.ts';
import { WorkerBrake } from './worker-brake.ts';
import { WorkerLoad } from './worker-load.ts';

export interface ProcessDrainOptions {
  readonly bootId: string;
  /** `service.instance.id` */
  readonly processId: string;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

/** Between two looks while there is nothing to drain, give or take a tenth, so that processes do not look in step. */
const LOOK_EVERY_MS = 2_000;
/** While workers are stopped: how late their idleness may be told. */
const LOOK_OFTEN_MS = 500;
/** Attempts of one boot are hours apart; these are kept so that none is obeyed twice. */
const ATTEMPTS_REMEMBERED = 100;

/** A drain that this process obeys. */
interface Obedience {
  readonly attemptId: string;
  readonly server: string;
  readonly hookSignal: AbortController;
  lastSeenMs: number;
  /** `hooks`: those of `onDrain` or `onRestart` have not settled yet. */
  stage: 'hooks' | 'jobs' | 'idle';
}

interface NextStage {
  readonly hooks: 'drain' | 'restart';
  readonly stage: Obedience['stage'];
  readonly sighting: Sighting;
}

/**
 * The worker's side of a drain. It looks at the key of its boot on the connections that BullMQ has anyway. Where it finds an attempt there, it
 * stops the workers that run, tells the actuator when nothing runs any more, and lets them go on when the key is gone, or when it has
 * not seen the key for as long as that lives: an actuator that dies leaves nobody stopped. Each attempt is obeyed once; a process whose workers
 * went on answers "not idle" to it from then on.
 */
export class ProcessDrain {
  readonly #options: ProcessDrainOptions;
  readonly #load = new WorkerLoad();
  readonly #brake = new WorkerBrake();
  readonly #workers = new Set<DrainableWorker>();
  readonly #obeyed = new Set<string>();
  #obeying: Obedience | null = null;
  #lookTimer: NodeJS.Timeout | undefined;
  #releaseTimer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(options: ProcessDrainOptions) {
    this.#options = options;
  }

  /** Follows the workers of a class (its prototype) or one worker; returns what undoes it. */
  follow(target: WorkerMethods): () => void {
    if (this.#workers.size > 0) this.#start();
    return patchForDrain(target, this.#load, this.#brake);
  }

  /**
   * A worker's loop has begun, whose end is `loop`. The first worker starts the looking. One that appears during a drain is stopped like
   * the others; one that the application resumes then is not stopped again.
   */
  workerRuns(worker: DrainableWorker, loop?: unknown): void {
    this.#brake.runs(worker, loop);
    const isNew = !this.#workers.has(worker);
    this.#workers.add(worker);
    if (isNew && this.#obeying !== null) this.#brake.stop(worker);
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lookLater();
  }

  workerClosed(worker: DrainableWorker): void {
    this.#workers.delete(worker);
    this.#brake.forget(worker);
    if (this.#workers.size === 0) this.stop();
  }

  /** Ends the looking; workers that are stopped go on. */
  stop(): void {
    // A worker that goes on begins its loop anew, which would start the looking.
    this.#release('the drain is no longer followed');
    this.#running = false;
    clearTimeout(this.#lookTimer);
  }

  #lookLater(): void {
    const jitter = 0.9 + 0.2 * Math.random();
    const delayMs = this.#obeying === null ? LOOK_EVERY_MS * jitter : LOOK_OFTEN_MS;
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => void this.#look(), delayMs).unref();
  }

  async #look(): Promise<void> {
    try {
      const { bootId, nowMs } = this.#options;
      const lookedAtMs = nowMs();
      const sightings = await lookForDrain(this.#workers, bootId);
      if (!this.#running) return;
      const found = sightings.find(({ attemptId }) => attemptId !== null);
      if (found !== undefined) this.#see(found, lookedAtMs);
      else if (sightings.some(({ server }) => server === this.#obeying?.server)) this.#release('the key is gone');
      if (found !== undefined) await this.#answer(found);
    } catch (error) {
      reportFault('the drain', error);
    } finally {
      if (this.#running) this.#lookLater();
    }
  }

  #see(sighting: Sighting, seenMs: number): void {
    const { attemptId } = sighting;
    if (attemptId === null) return;
    if (this.#obeying?.attemptId === attemptId) this.#obeying.lastSeenMs = seenMs;
    else if (this.#obeyed.has(attemptId)) return;
    else this.#obey(attemptId, sighting, seenMs);
    this.#releaseInTime();
  }

  #obey(attemptId: string, sighting: Sighting, seenMs: number): void {
    this.#remember(attemptId);
    this.#obeying?.hookSignal.abort();
    const obedience: Obedience = {
      attemptId,
      server: sighting.server,
      hookSignal: new AbortController(),
      lastSeenMs: seenMs,
      stage: 'hooks',
    };
    this.#obeying = obedience;
    diag.info(`tidemark: the workers of this process take no more jobs, for the restart ${attemptId}`);
    for (const worker of this.#workers) guarded('stopping a worker', () => this.#brake.stop(worker));
    void this.#goOn(obedience, { hooks: 'drain', stage: 'jobs', sighting });
  }

  /** By our own clock, whatever becomes of Redis. */
  #releaseInTime(): void {
    if (this.#obeying === null) return;
    const inMs = this.#obeying.lastSeenMs + DRAIN_KEY_LIFE_MS - this.#options.nowMs();
    clearTimeout(this.#releaseTimer);
    this.#releaseTimer = setTimeout(() => this.#release('the key was not seen in time'), inMs).unref();
  }

  #release(why: string): void {
    clearTimeout(this.#releaseTimer);
    if (this.#obeying === null) return;
    diag.info(`tidemark: the workers of this process go on: ${why}`);
    this.#obeying.hookSignal.abort();
    this.#obeying = null;
    guarded('resuming the workers', () => this.#brake.releaseAll());
  }

  async #answer(sighting: Sighting): Promise<void> {
    const obedience = this.#obeying;
    if (obedience !== null) for (const worker of this.#workers) this.#brake.endRateLimitWait(worker);
    if (obedience?.stage === 'jobs' && this.#nothingRuns()) {
      void this.#goOn(obedience, { hooks: 'restart', stage: 'idle', sighting });
      return;
    }
    const attemptId = sighting.attemptId ?? '';
    const idle = obedience?.attemptId === attemptId && obedience.stage === 'idle' && this.#nothingRuns();
    await answerDrain(sighting, this.#options, { attemptId, idle });
  }

  /** Calls hooks, enters the stage that follows, and answers at once. Never awaited: the key must be looked at all the while. */
  async #goOn(obedience: Obedience, to: NextStage): Promise<void> {
    const { attemptId, hookSignal } = obedience;
    obedience.stage = 'hooks';
    try {
      await callHooks(to.hooks, { attemptId, signal: hookSignal.signal });
      obedience.stage = to.stage;
      if (obedience === this.#obeying) await this.#answer(to.sighting);
    } catch (error) {
      reportFault('answering a drain', error);
    }
  }

  #nothingRuns(): boolean {
    return [...this.#workers].every((worker) => this.#load.isIdle(worker) && !this.#brake.mayStillTake(worker));
  }

  #remember(attemptId: string): void {
    this.#obeyed.add(attemptId);
    const [oldest] = this.#obeyed;
    if (this.#obeyed.size > ATTEMPTS_REMEMBERED && oldest !== undefined) this.#obeyed.delete(oldest);
  }
}

/** Null where there is no boot to be asked for: outside a dyno, and in a sandbox, whose jobs its parent counts. */
export function drainOfProcess(
  env: Readonly<Record<string, string | undefined>>,
  nowMs: () => number,
): ProcessDrain | null {
  if (processRole() === 'sandbox') return null;
  const { [ATTR_HEROKU_DYNO_ID]: bootId, [ATTR_SERVICE_INSTANCE_ID]: processId } = herokuAttributes(env);
  return bootId === undefined || processId === undefined ? null : new ProcessDrain({ bootId, processId, nowMs });
}
