import { allocatedBytes, type Presence } from './allocation-sums.ts';
import { type JobEffect, JobNameTotals, NO_TIME_MS } from './job-name-totals.ts';
import { HALF_LIFE_MS } from './kept-memory.ts';
import type { MemoryReading } from './memory-reading.ts';
import { NameEstimates } from './name-estimates.ts';
import { ENDED, type JobShare, RunningJob } from './running-job.ts';
import { SharedPool } from './shared-pool.ts';

/**
 * Finds which job names make the process grow, from readings of its memory. It reads nothing itself.
 *
 * Until the first job begins, the change of RSS belongs to no job, exactly. From then on each change goes into a pool
 * (`SharedPool`), also while one job or none runs, because what a job took may come back much later. The time without
 * jobs counts as one more name, `idle`. Each `split` shares the whole pool again, by what each name keeps according to
 * all readings so far (`NameEstimates`), and hands out the difference as signed corrections. So after each `split`
 *
 *   sum of all bytes taken = last reading - first reading
 *
 * holds exactly. Readings decay with a half-life of 30 minutes; older growth is not corrected any more.
 */
export class RssAttributor {
  /** Stands for a job that runs whenever no other does. */
  readonly #idle = new JobNameTotals(0);
  readonly #names = [this.#idle];
  readonly #estimates = new NameEstimates(this.#names);
  readonly #pool: SharedPool;
  /** Names with jobs in the interval since the last reading. */
  readonly #active: JobNameTotals[] = [];
  readonly #presences: Presence[] = [];
  /** Each job knows its index. */
  readonly #running: RunningJob[] = [];
  #last: MemoryReading;
  /** Jobs have started or ended since the last reading without a reading of their own. */
  #isBlurred = false;
  #decayedAtMs: number;

  /**
   * @param first the reading against which all change is counted
   * @param nowMs monotonic, like all times here
   */
  constructor(first: MemoryReading, nowMs: number) {
    this.#last = first;
    this.#pool = new SharedPool(nowMs);
    this.#decayedAtMs = nowMs;
    this.#estimates.startAt(first, nowMs);
  }

  /**
   * Totals for one more name. Beyond `MAX_NAMES` all further names share the last ones, because the sums grow with the
   * square of the names.
   */
  addName(): JobNameTotals {
    const last = this.#names.at(-1) as JobNameTotals;
    if (last.index === MAX_NAMES) return last;
    const totals = new JobNameTotals(this.#names.length);
    this.#names.push(totals);
    return totals;
  }

  /**
   * A job starts.
   *
   * @param reading null if memory was not read
   */
  begin(totals: JobNameTotals, reading: MemoryReading | null, nowMs: number): RunningJob {
    if (this.#idle.running > 0) this.#idle.end(nowMs);
    this.#startOrEnd(reading, nowMs);
    return this.beginAtLastReading(totals, nowMs);
  }

  /** A job starts so soon after the last reading that nothing can have changed since. */
  beginAtLastReading(totals: JobNameTotals, nowMs: number): RunningJob {
    const running = this.#running;
    if (running.length === 1) (running[0] as RunningJob).exclusive = false;
    const job = new RunningJob(totals, running.length, nowMs);
    running.push(job);
    this.#activate(totals);
    totals.begin(nowMs);
    return job;
  }

  /** A job ends. A second call for the same job returns the same. */
  end(job: RunningJob, reading: MemoryReading | null, nowMs: number): JobShare {
    if (job.place !== ENDED) job.totals.end(nowMs);
    this.#startOrEnd(reading, nowMs);
    if (job.place !== ENDED) this.#remove(job);
    if (this.#running.length === 0) this.#beginIdle(nowMs);
    return job;
  }

  #beginIdle(nowMs: number): void {
    if (this.#idle.running > 0) return;
    this.#activate(this.#idle);
    this.#idle.begin(nowMs);
  }

  #remove(job: RunningJob): void {
    const last = this.#running.pop() as RunningJob;
    if (last !== job) {
      this.#running[job.place] = last;
      last.place = job.place;
    }
    job.close();
  }

  #startOrEnd(reading: MemoryReading | null, nowMs: number): void {
    if (reading === null) this.#isBlurred = true;
    else this.observe(reading, nowMs);
  }

  /** Takes a reading, which ends the interval since the last one. */
  observe(reading: MemoryReading, nowMs: number): void {
    const before = this.#last;
    this.#last = reading;
    const changeBytes = reading.rssBytes - before.rssBytes;
    // The level before the fall may have been the peak of a running job.
    if (changeBytes <= -NOTABLE_FALL_BYTES) this.notePeaks();
    const present = this.#gather(nowMs);
    if (present === 0) {
      // No job has begun yet. A starting process grows much, and never again.
      this.#idle.give(changeBytes);
      this.#estimates.startAt(reading, nowMs);
      return;
    }
    this.#estimates.observeLows(reading, nowMs);
    // Starts and ends without a reading are not at the ends of the interval, as the model assumes.
    if (!this.#isBlurred) this.#estimates.add(this.#presences, present, before, reading);
    this.#share(changeBytes, present);
    this.#isBlurred = false;
  }

  /**
   * Notes how high the shares of the running jobs are, so that a peak between the start and the end of a long job is
   * seen.
   */
  notePeaks(): void {
    for (const job of this.#running) job.notePeak();
  }

  /** When the oldest of the running jobs began; infinite if none runs. */
  get oldestStartMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { startedAtMs } of this.#running) oldestMs = Math.min(oldestMs, startedAtMs);
    return oldestMs;
  }

  get lastRssBytes(): number {
    return this.#last.rssBytes;
  }

  /** What belongs to no job, since it was last taken. */
  takeIdleBytes(): number {
    return this.#idle.takeBytes(Number.POSITIVE_INFINITY);
  }

  /** Shares the pool by what is known now. Afterwards the bytes of each name are in its `takeBytes()`. */
  split(nowMs: number): void {
    const fraction = 0.5 ** ((nowMs - this.#decayedAtMs) / HALF_LIFE_MS);
    this.#decayedAtMs = nowMs;
    this.#pool.handOut(this.#names, this.#estimates.solve(this.#last, nowMs), nowMs);
    this.#estimates.decay(fraction);
  }

  /**
   * Takes what the jobs did since the last reading. Returns how many names had jobs; they are the first of `#active`
   * and `#presences`.
   */
  #gather(nowMs: number): number {
    const active = this.#active;
    let present = 0;
    for (const totals of active) {
      const presence = totals.takePresence(nowMs);
      totals.isActive = presence.jobMs > 0 || presence.ended > 0 || totals.running > 0;
      if (!totals.isActive) continue;
      active[present] = totals;
      this.#presences[present] = presence;
      present += 1;
    }
    active.length = present;
    return present;
  }

  /** Shares one change among the names whose jobs ran meanwhile. */
  #share(changeBytes: number, present: number): void {
    const isFall = changeBytes < 0;
    let weightTotal = 0;
    let jobMsTotal = 0;
    for (let at = 0; at < present; at += 1) {
      const presence = this.#presences[at] as Presence;
      jobMsTotal += presence.jobMs + NO_TIME_MS;
      weightTotal += weightOf((this.#active[at] as JobNameTotals).effect, presence, isFall);
    }
    for (let at = 0; at < present; at += 1) {
      const totals = this.#active[at] as JobNameTotals;
      const presence = this.#presences[at] as Presence;
      const weight = weightOf(totals.effect, presence, isFall);
      const share = weightTotal > 0 ? weight / weightTotal : (presence.jobMs + NO_TIME_MS) / jobMsTotal;
      totals.bytesPerJob += (changeBytes * share) / Math.max(1, totals.running + presence.ended);
      presence.started = 0;
      presence.ended = 0;
    }
    this.#pool.add(changeBytes);
  }

  #activate(totals: JobNameTotals): void {
    if (totals.isActive) return;
    totals.isActive = true;
    this.#active.push(totals);
  }
}

/** How much of a rise, or of a fall, a name's jobs are expected to have made. */
function weightOf(effect: JobEffect, presence: Presence, isFall: boolean): number {
  return isFall ? effect.heldBytes * presence.ended : allocatedBytes(effect, presence);
}

/** Bytes. A smaller fall ends no peak that is worth a look at all running jobs. */
const NOTABLE_FALL_BYTES = 256 * 1024;
/**
 * Three numbers of each name are summed with three of every other name: 0.3 MB in all. Names count for each queue.
 */
const MAX_NAMES = 128;
