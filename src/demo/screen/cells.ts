import type { BootRecord } from '../boot-records.ts';
import type { ChartCell } from './chart.ts';

export interface CellSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** What one cell stands for. */
  readonly cellMs: number;
  readonly limitBytes: number;
}

/** A dyno's memory over all its boots, a cell for each span of time; a cell shows its highest sample, so that no peak is left out. */
export function cellsOf(boots: readonly BootRecord[], { fromMs, toMs, cellMs, limitBytes }: CellSpan): ChartCell[] {
  const count = Math.max(0, Math.ceil((toMs - fromMs) / cellMs));
  const shares = new Array<number | null>(count).fill(null);
  const births = new Set<number>();
  const indexOf = (timeMs: number) => Math.floor((timeMs - fromMs) / cellMs);
  for (const boot of boots) {
    if (boot.number > 1) births.add(indexOf(boot.startedAtMs));
    for (const { timeMs, usageBytes } of boot.samples) {
      const index = indexOf(timeMs);
      if (index >= 0 && index < count) shares[index] = Math.max(shares[index] ?? 0, usageBytes / limitBytes);
    }
  }
  return shares.map((share, index) => ({ share: share ?? previous(shares, index), newBoot: births.has(index) }));
}

/** A cell that no sample fell into, because the machine was busy, shows what was there before. */
function previous(shares: readonly (number | null)[], index: number): number | null {
  return shares[index - 1] ?? null;
}
