import {
  type AllocationRate,
  AllocationSums,
  allocatedBytes,
  NO_ALLOCATION,
  type Presence,
} from './allocation-sums.ts';
import { type JobEffect, JobNameTotals, NO_TIME_MS } from './job-name-totals.ts';
import { HALF_LIFE_MS, keptMemory } from './kept-memory.ts';
import { COUNTS, MemoryLows } from './memory-lows.ts';
import { MEMORY_KINDS, type MemoryKind, type MemoryReading } from './memory-reading.ts';
import { ENDED, type JobShare, RunningJob } from './running-job.ts';

/**
 * Which job names make the process grow, from readings of its memory. Numbers in, numbers out: it reads nothing itself.
 *
 * Between two readings it is known which jobs ran. If none ran, the change of RSS is nobody's; if only jobs of one name
 * ran, it is that name's. Both are exact. If jobs of several names overlapped, the change goes into a pool. Each
 * `split` shares the whole pool again, by what each name keeps according to all readings so far (`AllocationSums`,
 * `MemoryLows`, `keptMemory`), and hands out the difference as signed corrections. So at any time
 *
 *   sum of all bytes taken + what running jobs have for themselves = last reading - first reading
 *
 * holds exactly. Readings decay with a half-life of 30 minutes; what is some half-lives old is not corrected any more.
 */
export class RssAttributor {
  readonly #allocations = new AllocationSums();
  readonly #lows = MEMORY_KINDS.map(() => new MemoryLows());
  readonly #names: JobNameTotals[] = [];
  /** Names with jobs in the interval since the last reading. */
  readonly #active: JobNameTotals[] = [];
  readonly #presences: Presence[] = [];
  /** Each job knows its place in it. */
  readonly #running: RunningJob[] = [];
  readonly #count = () => this.#counts();
  #last: MemoryReading;
  /** Jobs have started or ended since the last reading without a reading of their own. */
  #isBlurred = false;
  #decayedAtMs: number;
  #idleBytes = 0;
  /**
   * The change of RSS while jobs of several names overlapped, decayed; and the whole bytes of it that are not handed
   * out yet.
   */
  #poolBytes = 0;
  #unsplitBytes = 0;

  /**
   * @param first the reading against which all change is counted
   * @param nowMs monotonic, like all times here
   */
  constructor(first: MemoryReading, nowMs: number) {
    this.#last = first;
    this.#decayedAtMs = nowMs;
    this.#observeLows(first, nowMs);
  }

  /**
   * Totals for one more name. From `MAX_NAMES` on all further names share the last ones, because the sums grow with the
   * square of the names.
   */
  addName(): JobNameTotals {
    const last = this.#names.at(-1);
    if (last !== undefined && this.#names.length === MAX_NAMES) return last;
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
    return job;
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

  /** A reading: it closes the interval since the last one. */
  observe(reading: MemoryReading, nowMs: number): void {
    const before = this.#last;
    this.#last = reading;
    const changeBytes = reading.rssBytes - before.rssBytes;
    // The level before the fall may have been a peak of the running jobs.
    if (changeBytes <= -NOTABLE_FALL_BYTES) this.notePeaks();
    const present = this.#gather(nowMs);
    this.#observeLows(reading, nowMs);
    if (present === 0) this.#idleBytes += changeBytes;
    else {
      // Without their own readings, starts and ends do not lie at the ends of the interval.
      if (!this.#isBlurred) this.#allocations.add(this.#presences, present, before, reading);
      this.#share(changeBytes, present);
    }
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

  /** The change while no job ran, since it was last taken. */
  takeIdleBytes(): number {
    const idleBytes = this.#idleBytes;
    this.#idleBytes = 0;
    return idleBytes;
  }

  /** Shares the pool by what is known now. Afterwards the bytes of each name are in its `takeBytes()`. */
  split(nowMs: number): void {
    const fraction = 0.5 ** ((nowMs - this.#decayedAtMs) / HALF_LIFE_MS);
    this.#decayedAtMs = nowMs;
    this.#poolBytes += this.#unsplitBytes;
    this.#handOut(this.#keptBytes(nowMs));
    this.#unsplitBytes = 0;
    this.#poolBytes *= fraction;
    this.#allocations.decay(fraction);
    for (const totals of this.#names) totals.decay(fraction);
  }

  /** What each name keeps, of all kinds of memory; sets the effects of all names too. */
  #keptBytes(nowMs: number): Float64Array {
    const kept = new Float64Array(this.#names.length);
    const effects = this.#names.map((): JobEffect => ({ ...NO_ALLOCATION, heldBytes: 0 }));
    this.#allocations.solve().forEach((solved, at) => {
      const kind = MEMORY_KINDS[at] as MemoryKind;
      const rates = this.#names.map(({ index }): AllocationRate => solved[index] ?? NO_ALLOCATION);
      const now = { atMs: nowMs, levelBytes: this.#last[kind], counts: this.#counts() };
      const lows = (this.#lows[at] as MemoryLows).since(nowMs - MAX_AGE_MS, now);
      const { keptBytes, heldBytesPerJob } = keptMemory(rates, lows, nowMs);
      rates.forEach(({ startBytes, bytesPerMs, endBytes }, name) => {
        const effect = effects[name] as JobEffect;
        effects[name] = {
          startBytes: effect.startBytes + startBytes,
          bytesPerMs: effect.bytesPerMs + bytesPerMs,
          endBytes: effect.endBytes + endBytes,
          heldBytes: effect.heldBytes + (heldBytesPerJob[name] ?? 0),
        };
      });
      const weight = kind === 'nativeBytes' ? nativeWeight(keptBytes, kept) : 1;
      keptBytes.forEach((bytes, name) => {
        kept[name] = (kept[name] ?? 0) + weight * bytes;
      });
    });
    for (const totals of this.#names) totals.effect = effects[totals.index] as JobEffect;
    return kept;
  }

  /** In whole bytes whose sum is the change: what rounding takes from one name goes to the next. */
  #handOut(keptBytes: Float64Array): void {
    const pooled = this.#names.filter(({ pooled: { jobMs }, pooledBytes }) => jobMs > 0 || pooledBytes !== 0);
    const weights = weightsOf(pooled, keptBytes);
    const total = sum(weights);
    if (!(total > 0)) return;
    let left = this.#unsplitBytes;
    let carried = 0;
    pooled.forEach((totals, at) => {
      const due = (this.#poolBytes * (weights[at] ?? 0)) / total - totals.pooledBytes + carried;
      const bytes = at === pooled.length - 1 ? left : Math.round(due);
      carried = due - bytes;
      left -= bytes;
      totals.pooledBytes += bytes;
      totals.give(bytes);
    });
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
      const [totals, presence] = [this.#active[at] as JobNameTotals, this.#presences[at] as Presence];
      totals.note(presence, present > 1);
      const weight = weightOf(totals.effect, presence, isFall);
      const share = weightTotal > 0 ? weight / weightTotal : (presence.jobMs + NO_TIME_MS) / jobMsTotal;
      totals.bytesPerJob += (changeBytes * share) / Math.max(1, totals.running + presence.ended);
      presence.started = 0;
      presence.ended = 0;
    }
    if (present > 1) this.#unsplitBytes += changeBytes;
    else if (this.#running.length === 1) (this.#running[0] as RunningJob).ownBytes += changeBytes;
    else this.#active[0]?.give(changeBytes);
  }

  #observeLows(reading: MemoryReading, nowMs: number): void {
    for (let at = 0; at < MEMORY_KINDS.length; at += 1) {
      const kind = MEMORY_KINDS[at] as MemoryKind;
      (this.#lows[at] as MemoryLows).observe(reading[kind], nowMs, this.#count);
    }
  }

  #counts(): Float64Array {
    const counts = new Float64Array(COUNTS * this.#names.length);
    this.#names.forEach(({ done: { started, jobMs, ended }, running }, name) => {
      counts[COUNTS * name] = started;
      counts[COUNTS * name + 1] = jobMs;
      counts[COUNTS * name + 2] = ended;
      counts[COUNTS * name + 3] = running;
    });
    return counts;
  }

  #activate(totals: JobNameTotals): void {
    if (totals.isActive) return;
    totals.isActive = true;
    this.#active.push(totals);
  }
}

/**
 * Memory that V8 knows of brings native growth with it: fragmentation, and the heap's own tables. Which job ran then
 * says nothing of who keeps it. So only native growth beyond that of V8's memory counts by itself; the rest is shared
 * like V8's memory.
 */
function nativeWeight(nativeBytes: Float64Array, v8Bytes: Float64Array): number {
  return Math.max(0, 1 - sum(v8Bytes) / sum(nativeBytes)) || 0;
}

/** By what each name keeps. If no name is known to keep anything: by what each allocates, else by how long each ran. */
function weightsOf(pooled: readonly JobNameTotals[], keptBytes: Float64Array): readonly number[] {
  const kept = pooled.map(({ index, pooled, recentJobMs }) => ((keptBytes[index] ?? 0) * pooled.jobMs) / recentJobMs);
  if (sum(kept) > 0) return kept;
  const allocated = pooled.map(({ effect, pooled }) => allocatedBytes(effect, pooled));
  if (sum(allocated) > 0) return allocated;
  return pooled.map(({ pooled: { jobMs } }) => jobMs);
}

/** How much of a rise, or of a fall, a name's jobs are expected to have made. */
function weightOf(effect: JobEffect, presence: Presence, isFall: boolean): number {
  return isFall ? effect.heldBytes * presence.ended : allocatedBytes(effect, presence);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** A smaller fall ends no peak that is worth a look at all running jobs. */
const NOTABLE_FALL_BYTES = 256 * 1024;
/** Four half-lives: older lows weigh next to nothing. */
const MAX_AGE_MS = 4 * HALF_LIFE_MS;
/**
 * Of each name three numbers are kept together with three of every other name: 0.6 MB in all. Each queue has names of
 * its own.
 */
const MAX_NAMES = 128;
