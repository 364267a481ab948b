import { allocatedBytes } from './allocation-sums.ts';
import type { JobNameTotals } from './job-name-totals.ts';

/**
 * The change of RSS since the first job began. Each `handOut` shares the whole of it again, by what is known then, and
 * gives each name the difference to what it was given before. What has stayed for half an hour stays with the names
 * that have it then: later estimates know less of it.
 */
export class SharedPool {
  #bytes = 0;
  /** Whole bytes that are not handed out yet. */
  #unsplitBytes = 0;
  /** The smallest pool since `#settledAtMs`. */
  #lowestBytes = 0;
  #settledAtMs: number;

  constructor(nowMs: number) {
    this.#settledAtMs = nowMs;
  }

  add(changeBytes: number): void {
    this.#unsplitBytes += changeBytes;
    this.#lowestBytes = Math.min(this.#lowestBytes, this.#bytes + this.#unsplitBytes);
  }

  /**
   * Hands out whole bytes whose sum is the change: what rounding takes from one name goes to the next.
   *
   * @param keptBytes of each name, by its index
   */
  handOut(names: readonly JobNameTotals[], keptBytes: Float64Array, nowMs: number): void {
    this.#bytes += this.#unsplitBytes;
    const pooled = names.filter(({ done, pooledBytes }) => done.started > 0 || pooledBytes !== 0);
    const weights = weightsOf(pooled, keptBytes);
    const total = sum(weights);
    const isSettling = nowMs - this.#settledAtMs >= SETTLE_MS;
    let left = this.#unsplitBytes;
    let carried = 0;
    pooled.forEach((totals, at) => {
      const fraction = (weights[at] ?? 0) / total;
      const due = this.#bytes * fraction - totals.pooledBytes + carried;
      const bytes = at === pooled.length - 1 ? left : Math.round(due);
      carried = due - bytes;
      left -= bytes;
      totals.pooledBytes += bytes - (isSettling ? this.#lowestBytes * fraction : 0);
      totals.give(bytes);
    });
    this.#unsplitBytes = 0;
    if (!isSettling) return;
    this.#bytes -= this.#lowestBytes;
    this.#lowestBytes = this.#bytes;
    this.#settledAtMs = nowMs;
  }
}

const SETTLE_MS = 30 * 60_000;

/** What each name keeps. If no name is known to keep anything: what each allocates, or else its number of jobs. */
function weightsOf(pooled: readonly JobNameTotals[], keptBytes: Float64Array): readonly number[] {
  const kept = pooled.map(({ index }) => keptBytes[index] ?? 0);
  if (sum(kept) > 0) return kept;
  const allocated = pooled.map(({ effect, done }) => allocatedBytes(effect, done));
  if (sum(allocated) > 0) return allocated;
  return pooled.map(({ done }) => done.started);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
