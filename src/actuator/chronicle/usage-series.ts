/** One sample of a boot, for charts. */
export interface UsageSample {
  readonly timeMs: number;
  readonly usageBytes: number;
  /** Null where jobs are not counted. */
  readonly activeJobs: number | null;
}

/** The newest samples, close together: an hour of them. */
const RECENT_SAMPLES = 120;
/** What is older, half as closely whenever these are full. */
const OLDER_SAMPLES = 120;
/** A ring has room for this many samples from the start; it grows to what it holds. */
const FIRST_SAMPLES = 15;

/**
 * Usage and running jobs of one boot, for charts: the newest hour closely, and what is older coarsely. It takes 1.6 KB
 * after an hour, and 3 KB at any age. The detector keeps its own record.
 */
export class UsageSeries {
  readonly #spacingMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #recent = new Samples(RECENT_SAMPLES);
  /** Each is the highest of `#olderEach` samples that followed one another. Null in the first hour. */
  #older: Samples | null = null;
  #olderEach = 1;
  /** How many samples the newest of `#older` stands for so far. */
  #inNewest = 0;

  /** @param spacingMs between the newest samples at least */
  constructor(spacingMs: number) {
    this.#spacingMs = spacingMs;
  }

  /** Samples come in the order of their times; one that comes too soon after the last one kept is left out. */
  add(sample: UsageSample): void {
    if (sample.timeMs - this.#lastMs < this.#spacingMs) return;
    this.#lastMs = sample.timeMs;
    const oldest = this.#recent.add(sample);
    if (oldest !== null) this.#addOlder(oldest);
  }

  /** Oldest first. */
  entries(): readonly UsageSample[] {
    return [...(this.#older?.entries() ?? []), ...this.#recent.entries()];
  }

  #addOlder(sample: UsageSample): void {
    this.#older ??= new Samples(OLDER_SAMPLES);
    const newest = this.#older.newest();
    if (newest === null || this.#inNewest === this.#olderEach) {
      this.#older.add(sample);
      this.#inNewest = 0;
    } else if (sample.usageBytes > newest.usageBytes) this.#older.replaceNewest(sample);
    this.#inNewest += 1;
    if (this.#older.isFull) this.#halve(this.#older.entries());
  }

  #halve(all: readonly UsageSample[]): void {
    this.#older = new Samples(OLDER_SAMPLES);
    for (let at = 0; at + 1 < all.length; at += 2) {
      const [one, other] = [all[at] as UsageSample, all[at + 1] as UsageSample];
      this.#older.add(one.usageBytes >= other.usageBytes ? one : other);
    }
    this.#inNewest += this.#olderEach;
    this.#olderEach *= 2;
  }
}

const COLUMNS = 3;
const UNKNOWN_JOBS = -1;

/**
 * A ring of samples: times since the first one (exact to 16 ms in the second day), usage, and jobs. Numbers in one
 * array, because objects would take ten times the memory, and each array outside of V8's heap 300 bytes.
 */
class Samples {
  readonly #capacity: number;
  #originMs = 0;
  // As long as what they hold asks for: most boots of a fleet are young, or are never looked at.
  #rows = new Float32Array(FIRST_SAMPLES * COLUMNS);
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  newest(): UsageSample | null {
    return this.#count === 0 ? null : this.#at(this.#count - 1);
  }

  /** Returns the sample whose place it takes; null where there was room. */
  add(sample: UsageSample): UsageSample | null {
    if (this.#count === 0) this.#originMs = sample.timeMs;
    const replaced = this.#count < this.#capacity ? null : this.#at(this.#count - this.#capacity);
    const rows = this.#rows.length / COLUMNS;
    if (this.#count === rows && rows < this.#capacity) {
      const longer = new Float32Array(Math.min(this.#capacity, 2 * rows) * COLUMNS);
      longer.set(this.#rows);
      this.#rows = longer;
    }
    this.#count += 1;
    this.replaceNewest(sample);
    return replaced;
  }

  replaceNewest({ timeMs, usageBytes, activeJobs }: UsageSample): void {
    const row = ((this.#count - 1) % this.#capacity) * COLUMNS;
    this.#rows[row] = timeMs - this.#originMs;
    this.#rows[row + 1] = usageBytes;
    this.#rows[row + 2] = activeJobs ?? UNKNOWN_JOBS;
  }

  /** Oldest first. */
  entries(): readonly UsageSample[] {
    const first = Math.max(0, this.#count - this.#capacity);
    return Array.from({ length: this.#count - first }, (_, offset) => this.#at(first + offset));
  }

  /** @param index of all that were added */
  #at(index: number): UsageSample {
    const row = (index % this.#capacity) * COLUMNS;
    const jobs = this.#rows[row + 2] as number;
    return {
      timeMs: this.#originMs + (this.#rows[row] as number),
      usageBytes: this.#rows[row + 1] as number,
      activeJobs: jobs === UNKNOWN_JOBS ? null : jobs,
    };
  }
}
