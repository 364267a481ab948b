/**
 * What each job name does to memory, estimated from which names ran while memory changed.
 *
 * The model: while `c_i` jobs of name `i` run, memory changes at the rate `sum(c_i r_i)`. With the counts `c(t)` and the changes `d_k` at the times
 * `t_k`, weighted least squares (the weight of an interval is 1 / its length) needs two sums only, both additive and without any interval:
 *
 *   A_ij = integral of c_i c_j dt          b_i = sum over changes of c_i(t_k) d_k
 *
 * The rates minimise `r'Ar - 2 b'r` subject to `r >= 0` (non-negative least squares; Lawson and Hanson 1974), found by coordinate descent: a slow
 * name that allocates nothing runs as often when memory stands still as when it grows, and gets nothing. Pure: numbers in, numbers out.
 */
export class NameRates {
  #capacity = 16;
  #size = 0;
  /** Row-major, `capacity` wide. */
  #together = new Float64Array(16 * 16);
  #changes = new Float64Array(16);

  /**
   * @param names indexes from 0, `count` of them
   * @param counts how many jobs of each ran, on average over the interval
   * @param durationMs its length
   * @param changeBytes what memory changed by
   */
  add(
    { names, counts, count }: { readonly names: Int32Array; readonly counts: Float64Array; readonly count: number },
    durationMs: number,
    changeBytes: number,
  ): void {
    for (let i = 0; i < count; i += 1) this.#reserve(names[i] ?? 0);
    const [together, capacity] = [this.#together, this.#capacity];
    for (let i = 0; i < count; i += 1) {
      const row = names[i] ?? 0;
      const ofRow = counts[i] ?? 0;
      this.#changes[row] = (this.#changes[row] ?? 0) + ofRow * changeBytes;
      for (let j = 0; j < count; j += 1) {
        const place = row * capacity + (names[j] ?? 0);
        together[place] = (together[place] ?? 0) + ofRow * (counts[j] ?? 0) * durationMs;
      }
    }
  }

  /** What was seen so far counts for this share of itself from now on, 0 to 1. */
  fade(share: number): void {
    for (let i = 0; i < this.#together.length; i += 1) this.#together[i] = (this.#together[i] ?? 0) * share;
    for (let i = 0; i < this.#changes.length; i += 1) this.#changes[i] = (this.#changes[i] ?? 0) * share;
  }

  /**
   * Bytes per millisecond that one running job of each name adds; never negative. With `direction` -1 what each takes away.
   * Names that always ran together cannot be told apart, and get the same.
   */
  solve(direction: 1 | -1): Float64Array {
    const [n, A, width] = [this.#size, this.#together, this.#capacity];
    const rates = new Float64Array(n);
    rates.fill(this.#evenRate(direction));
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      let moved = 0;
      for (let i = 0; i < n; i += 1) {
        const own = (A[i * width + i] ?? 0) * (1 + RIDGE);
        if (own === 0) {
          rates[i] = 0;
          continue;
        }
        let rest = direction * (this.#changes[i] ?? 0);
        for (let j = 0; j < n; j += 1) if (j !== i) rest -= (A[i * width + j] ?? 0) * (rates[j] ?? 0);
        const rate = Math.max(0, rest / own);
        // In bytes over all the time that was seen.
        moved = Math.max(moved, Math.abs(rate - (rates[i] ?? 0)) * own);
        rates[i] = rate;
      }
      if (moved <= SETTLED_SHARE * this.#largestChange()) break;
    }
    return rates;
  }

  /** The one rate that fits best if all names did the same: the start of the descent, so that what cannot be told apart stays alike. */
  #evenRate(direction: 1 | -1): number {
    const total = this.#together.reduce((sum, value) => sum + value, 0);
    const change = this.#changes.reduce((sum, value) => sum + value, 0);
    return total === 0 ? 0 : Math.max(0, (direction * change) / total);
  }

  #largestChange(): number {
    return this.#changes.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  #reserve(name: number): void {
    this.#size = Math.max(this.#size, name + 1);
    if (name < this.#capacity) return;
    const capacity = 2 ** Math.ceil(Math.log2(name + 1));
    const wider = new Float64Array(capacity * capacity);
    for (let row = 0; row < this.#capacity; row += 1) {
      wider.set(this.#together.subarray(row * this.#capacity, (row + 1) * this.#capacity), row * capacity);
    }
    const changes = new Float64Array(capacity);
    changes.set(this.#changes);
    this.#together = wider;
    this.#changes = changes;
    this.#capacity = capacity;
  }
}

const MOST_ROUNDS = 200;
/** The descent ends where no step moves more than this share of the largest sum of changes. */
const SETTLED_SHARE = 1e-4;
/** Keeps apart what is nearly the same: two names that always run together share evenly. */
const RIDGE = 0.01;
