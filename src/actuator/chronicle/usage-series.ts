/** One sample of a boot, for charts. */
export interface UsageSample {
  readonly timeMs: number;
  readonly usageBytes: number;
  /** Null where jobs are not counted. */
  readonly activeJobs: number | null;
}

/** The newest samples, close together. */
const RECENT_SAMPLES = 120;
/** The whole life, at a spacing that doubles whenever these are full. */
const LIFE_SAMPLES = 240;
/** So many have room from the start. */
const FIRST_SAMPLES = 15;
const UNKNOWN_JOBS = 0xffff;

/**
 * Usage and running jobs of one boot, for charts: the newest hour closely and its whole life coarsely, in about 4 KB
 * for a boot of any age. The detector keeps its own record.
 */
export class UsageSeries {
  readonly #recent: Samples;
  readonly #life: Samples;

  /** @param spacingMs between the newest samples at least */
  constructor(spacingMs: number) {
    this.#recent = new Samples(RECENT_SAMPLES, spacingMs);
    this.#life = new Samples(LIFE_SAMPLES, spacingMs);
  }

  /** Samples come in the order of their times; one that comes too soon after the last one kept is left out. */
  add(sample: UsageSample): void {
    this.#recent.add(sample);
    if (!this.#life.add(sample)) return;
    if (this.#life.isFull) this.#life.halve();
  }

  /** Oldest first. */
  entries(): readonly UsageSample[] {
    const recent = this.#recent.entries();
    const fromMs = recent[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    return [...this.#life.entries().filter(({ timeMs }) => timeMs < fromMs), ...recent];
  }
}

/** Samples in columns: as objects they would take ten times the memory. */
class Samples {
  readonly #capacity: number;
  #spacingMs: number;
  #originMs = 0;
  // As long as what they hold asks for: most boots of a fleet are young, or are never looked at.
  #offsetsMs = new Uint32Array(FIRST_SAMPLES);
  #usageBytes = new Float32Array(FIRST_SAMPLES);
  #jobs = new Uint16Array(FIRST_SAMPLES);
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number, spacingMs: number) {
    this.#capacity = capacity;
    this.#spacingMs = spacingMs;
  }

  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  /** Returns whether the sample was kept. */
  add({ timeMs, usageBytes, activeJobs }: UsageSample): boolean {
    if (timeMs - this.#lastMs < this.#spacingMs) return false;
    if (this.#count === 0) this.#originMs = timeMs;
    const slot = this.#count % this.#capacity;
    if (slot === this.#jobs.length) this.#lengthen(Math.min(this.#capacity, 2 * slot));
    this.#offsetsMs[slot] = timeMs - this.#originMs;
    this.#usageBytes[slot] = usageBytes;
    this.#jobs[slot] = activeJobs === null ? UNKNOWN_JOBS : Math.min(activeJobs, UNKNOWN_JOBS - 1);
    this.#count += 1;
    this.#lastMs = timeMs;
    return true;
  }

  #lengthen(length: number): void {
    const [offsetsMs, usageBytes, jobs] = [this.#offsetsMs, this.#usageBytes, this.#jobs];
    this.#offsetsMs = new Uint32Array(length);
    this.#offsetsMs.set(offsetsMs);
    this.#usageBytes = new Float32Array(length);
    this.#usageBytes.set(usageBytes);
    this.#jobs = new Uint16Array(length);
    this.#jobs.set(jobs);
  }

  /** Keeps the higher one of each pair, and from now on half as many. Only before the first sample is overwritten. */
  halve(): void {
    const kept = this.entries();
    this.#count = 0;
    this.#lastMs = Number.NEGATIVE_INFINITY;
    for (let at = 0; at + 1 < kept.length; at += 2) {
      const [one, other] = [kept[at] as UsageSample, kept[at + 1] as UsageSample];
      this.add(one.usageBytes >= other.usageBytes ? one : other);
    }
    this.#spacingMs *= 2;
  }

  entries(): readonly UsageSample[] {
    const first = Math.max(0, this.#count - this.#capacity);
    return Array.from({ length: this.#count - first }, (_, offset) => {
      const slot = (first + offset) % this.#capacity;
      const jobs = this.#jobs[slot] as number;
      return {
        timeMs: this.#originMs + (this.#offsetsMs[slot] as number),
        usageBytes: this.#usageBytes[slot] as number,
        activeJobs: jobs === UNKNOWN_JOBS ? null : jobs,
      };
    });
  }
}
