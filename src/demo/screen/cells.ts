import type { BootRecord } from '../boot-records.ts';
import type { ChartCell } from './chart.ts';

export interface CellSpan {
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What one cell stands for. */
  readonly cellMs: number;
  readonly limitBytes: number;
}

/**
 * A dyno's memory over all its boots, one cell for each `cellMs`. A cell shows its highest sample, so that no peak is
 * left out. A cell without a sample, because the machine was busy or the cells are finer than the samples, repeats the
 * one before it.
 */
export function cellsOf(boots: readonly BootRecord[], { fromMs, toMs, cellMs, limitBytes }: CellSpan): ChartCell[] {
  const count = Math.max(0, Math.ceil((toMs - fromMs) / cellMs));
  const fractions = new Array<number | null>(count).fill(null);
  const births = new Set<number>();
  const indexOf = (timeMs: number) => Math.floor((timeMs - fromMs) / cellMs);
  for (const boot of boots) {
    if (boot.number > 1) births.add(indexOf(boot.startedAtMs));
    for (const { timeMs, usageBytes } of boot.samples) {
      const index = indexOf(timeMs);
      if (index >= 0 && index < count) fractions[index] = Math.max(fractions[index] ?? 0, usageBytes / limitBytes);
    }
  }
  fractions.forEach((fraction, index) => {
    fractions[index] = fraction ?? fractions[index - 1] ?? null;
  });
  return fractions.map((fraction, index) => ({ fraction, newBoot: births.has(index) }));
}
