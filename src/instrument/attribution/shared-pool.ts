import { allocatedBytes } from './allocation-sums.ts';
import type { JobNameTotals } from './job-name-totals.ts';

/**
 * The change of RSS while jobs of several names overlapped. Each `handOut` shares the whole of it again, by what is
 * known then, and gives each name the difference to what it was given before.
 */
export class SharedPool {
  /** Decayed. */
  #bytes = 0;
  /** Whole bytes that are not handed out yet. */
  #unsplitBytes = 0;

  add(changeBytes: number): void {
    this.#unsplitBytes += changeBytes;
  }

  /**
   * In whole bytes whose sum is the change: what rounding takes from one name goes to the next.
   *
   * @param keptBytes of each name, by its index
   */
  handOut(names: readonly JobNameTotals[], keptBytes: Float64Array): void {
    this.#bytes += this.#unsplitBytes;
    const pooled = names.filter(({ pooled: { jobMs }, pooledBytes }) => jobMs > 0 || pooledBytes !== 0);
    const weights = weightsOf(pooled, keptBytes);
    const total = sum(weights);
    if (total > 0) {
      let left = this.#unsplitBytes;
      let carried = 0;
      pooled.forEach((totals, at) => {
        const due = (this.#bytes * (weights[at] ?? 0)) / total - totals.pooledBytes + carried;
        const bytes = at === pooled.length - 1 ? left : Math.round(due);
        carried = due - bytes;
        left -= bytes;
        totals.pooledBytes += bytes;
        totals.give(bytes);
      });
    }
    this.#unsplitBytes = 0;
  }

  /** Multiplies the weight of all that was added so far by `fraction`, 0 to 1. */
  decay(fraction: number): void {
    this.#bytes *= fraction;
  }
}

/** By what each name keeps. If no name is known to keep anything: by what each allocates, else by how long each ran. */
function weightsOf(pooled: readonly JobNameTotals[], keptBytes: Float64Array): readonly number[] {
  const kept = pooled.map(({ index, pooled, recentJobMs }) => ((keptBytes[index] ?? 0) * pooled.jobMs) / recentJobMs);
  if (sum(kept) > 0) return kept;
  const allocated = pooled.map(({ effect, pooled }) => allocatedBytes(effect, pooled));
  if (sum(allocated) > 0) return allocated;
  return pooled.map(({ pooled: { jobMs } }) => jobMs);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
