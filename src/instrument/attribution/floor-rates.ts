import { descend, valueAt } from './least-squares.ts';
import type { Presence } from './name-effects.ts';
import { SymmetricMatrix } from './symmetric-matrix.ts';

/**
 * Corrects estimates of who takes memory by who was there while the floor of it rose: what a job takes and somebody gives back after its end (a
 * collector, a cache, a timer) looks kept from one reading to the next, but does not lift the floor.
 *
 * The floor of a window is the lowest level in it. Between two floors, `f` bytes and `m` job-milliseconds of each name apart, the model is
 *
 *   f = sum over names of  bytesPerMs m + noise of variance s2
 *
 * and the estimates that are to be corrected are what is believed before (a normal prior; ridge regression towards them, not towards nought):
 *
 *   minimise  sum (f - m'r)^2 / s2 + sum (r - prior)^2 / t2    over r >= 0
 *   t = TRUST x (rate if all did the same) x (1 / kept - 1),   kept = rise of the floor / rise and fall within a window
 *
 * Where memory only ever grows, `kept` is 1 and the prior stands: single readings tell more than floors. Where most is given back again, they
 * tell little of what stays, and floors decide once there are enough of them.
 *
 * They decide nothing where they contradict the prior by no more than chance would, which is a test of Hausman's kind (Specification Tests in Econometrics,
 * 1978): with S(r) the squares that rates r leave of n names' floors, (S(prior) - S(fit)) / s2 is about chi-squared with n degrees of freedom if
 * the prior is right. Without it the floors of real processes full of garbage, which say next to nothing, charged a slow name that takes nothing with 28
 * and with 65 % of the growth. Pure: numbers in, numbers out.
 */
export class FloorRates {
  #names = 0;
  #width = 8;
  /** Sums over pairs of windows, faded: A = sum m m', b = sum m f, of f squared, of f, of the span within each, and their number. */
  readonly #products = new SymmetricMatrix();
  #changes = new Float64Array(8);
  #squares = 0;
  #riseBytes = 0;
  #spanBytes = 0;
  #pairs = 0;

  /** Job-milliseconds of each name since the beginning; at the floor of this window, and of the one before. */
  #jobMs = new Float64Array(8);
  #jobMsAtFloor = new Float64Array(8);
  #jobMsAtLastFloor = new Float64Array(8);
  #levelBytes = 0;
  #floorBytes = Number.POSITIVE_INFINITY;
  #topBytes = Number.NEGATIVE_INFINITY;
  #lastFloorBytes: number | null = null;
  #openedAtMs = Number.NaN;

  /** The jobs that ran between two readings, of `count` names, and the change that the second one showed. */
  add(present: readonly Presence[], count: number, changeBytes: number, nowMs: number): void {
    for (let at = 0; at < count; at += 1) {
      const { index, jobMs } = present[at] as Presence;
      if (index >= this.#names) this.#makeRoom(index);
      this.#jobMs[index] = (this.#jobMs[index] ?? 0) + jobMs;
    }
    this.#levelBytes += changeBytes;
    if (this.#levelBytes > this.#topBytes) this.#topBytes = this.#levelBytes;
    if (this.#levelBytes < this.#floorBytes) {
      this.#floorBytes = this.#levelBytes;
      this.#jobMsAtFloor.set(this.#jobMs);
    }
    if (Number.isNaN(this.#openedAtMs)) this.#openedAtMs = nowMs;
    else if (nowMs - this.#openedAtMs >= WINDOW_MS) this.#close(nowMs);
  }

  /** What was seen so far counts for this share of itself from now on, 0 to 1. */
  fade(share: number): void {
    this.#products.scale(share);
    for (let i = 0; i < this.#changes.length; i += 1) this.#changes[i] = (this.#changes[i] ?? 0) * share;
    this.#squares *= share;
    this.#riseBytes *= share;
    this.#spanBytes *= share;
    this.#pairs *= share;
  }

  /**
   * @param priorBytesPerMs of each name by index; only how they stand to each other counts
   * @returns the same, corrected; the prior itself where there are too few floors, they do not rise, or do not contradict it
   */
  corrected(priorBytesPerMs: Float64Array): Float64Array {
    const n = this.#names;
    const form = { A: this.#products, b: this.#changes };
    const evenBytesPerMs = sum(this.#changes) / this.#products.folded(1).at(0, 0);
    const prior = this.#scaled(priorBytesPerMs, evenBytesPerMs);
    if (prior === null || this.#pairs < PAIRS_PER_NAME * n + SPARE_PAIRS) return priorBytesPerMs;
    const fit = descend(form, new Float64Array(n).fill(evenBytesPerMs), RIDGE);
    const variance = Math.max(0, this.#squares + valueAt(form, fit)) / (this.#pairs - n);
    const contradiction = (valueAt(form, prior) - valueAt(form, fit)) / variance;
    if (!(contradiction > n + CHANCE * Math.sqrt(2 * n))) return priorBytesPerMs;
    const kept = Math.min(1, this.#riseBytes / this.#spanBytes);
    const spread = TRUST * evenBytesPerMs * (1 / kept - 1);
    // The prior is certain.
    if (!(spread > 0)) return priorBytesPerMs;
    const pull = variance / spread ** 2;
    const [A, b] = [this.#products.copy(), this.#changes.slice()];
    for (let i = 0; i < n; i += 1) {
      A.add(i, i, pull);
      b[i] = (b[i] ?? 0) + pull * (prior[i] ?? 0);
    }
    return descend({ A, b }, prior, 0);
  }

  /** The rates so that they explain, all together, what the floors rose by; null where these do not rise or the rates are nought. */
  #scaled(rates: Float64Array, evenBytesPerMs: number): Float64Array | null {
    if (!(evenBytesPerMs > 0) || !(this.#riseBytes > 0)) return null;
    const n = this.#names;
    let [explained, jobMs] = [0, 0];
    for (let i = 0; i < n; i += 1) {
      explained += (rates[i] ?? 0) * (this.#jobMs[i] ?? 0);
      jobMs += this.#jobMs[i] ?? 0;
    }
    if (!(explained > 0)) return null;
    return Float64Array.from({ length: n }, (_, i) => ((rates[i] ?? 0) * evenBytesPerMs * jobMs) / explained);
  }

  #close(nowMs: number): void {
    if (this.#lastFloorBytes !== null) this.#pair(this.#floorBytes - this.#lastFloorBytes);
    this.#lastFloorBytes = this.#floorBytes;
    [this.#jobMsAtLastFloor, this.#jobMsAtFloor] = [this.#jobMsAtFloor, this.#jobMsAtLastFloor];
    this.#floorBytes = Number.POSITIVE_INFINITY;
    this.#topBytes = Number.NEGATIVE_INFINITY;
    this.#openedAtMs = nowMs;
  }

  #pair(riseBytes: number): void {
    const n = this.#names;
    const between = this.#jobMsAtFloor.map((jobMs, i) => jobMs - (this.#jobMsAtLastFloor[i] ?? 0));
    for (let i = 0; i < n; i += 1) {
      const jobMs = between[i] ?? 0;
      if (jobMs === 0) continue;
      this.#changes[i] = (this.#changes[i] ?? 0) + jobMs * riseBytes;
      for (let j = 0; j <= i; j += 1) this.#products.add(i, j, jobMs * (between[j] ?? 0));
    }
    this.#squares += riseBytes ** 2;
    this.#riseBytes += riseBytes;
    this.#spanBytes += this.#topBytes - this.#floorBytes;
    this.#pairs += 1;
  }

  #makeRoom(name: number): void {
    this.#names = name + 1;
    this.#products.grow(this.#names);
    if (this.#names <= this.#width) return;
    const width = 2 ** Math.ceil(Math.log2(this.#names));
    const wider = (numbers: Float64Array) => {
      const all = new Float64Array(width);
      all.set(numbers);
      return all;
    };
    this.#changes = wider(this.#changes);
    this.#jobMs = wider(this.#jobMs);
    this.#jobMsAtFloor = wider(this.#jobMsAtFloor);
    this.#jobMsAtLastFloor = wider(this.#jobMsAtLastFloor);
    this.#width = width;
  }
}

/** Longer than most memory waits to be given back, and still some hundred of them in a half-life. */
const WINDOW_MS = 5000;
/** So many pairs of floors before they count: with fewer their noise would be underrated. */
const PAIRS_PER_NAME = 3;
const SPARE_PAIRS = 10;
/** How far the prior is held to be off where half of what is taken stays. Chosen on simulated workers (docs/attribution.md). */
const TRUST = 4;
/** Standard deviations of chi-squared over its mean: as far as floors stray from a right prior by chance. */
const CHANCE = 2;
const RIDGE = 0.01;

function sum(numbers: Float64Array): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
