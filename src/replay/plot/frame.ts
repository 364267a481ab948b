import type { Judged } from '../replay.ts';
import { pixel } from './svg.ts';

/** What one dyno of a series used, and what was made of it. */
export interface Panel {
  readonly title: string;
  /** Of the whole file, so that the panels of its dynos line up. */
  readonly startMs: number;
  readonly endMs: number;
  /** Resident and swap, oldest first. */
  readonly usage: readonly Reading[];
  readonly judged: readonly Judged[];
}

/**
 * `open`: the series goes on after a restart as it was recorded, so a restart is one that would have been made. `closed`: each restart was made, and
 * what follows it is the boot that came of it.
 */
export type Loop = 'open' | 'closed';

export interface Reading {
  readonly timeMs: number;
  readonly bytes: number;
}

export const WIDTH_PX = 1080;
export const LEFT_PX = 70;
/** Room for the names of the limits. */
const RIGHT_PX = 190;
export const PLOT_WIDTH_PX = WIDTH_PX - LEFT_PX - RIGHT_PX;
export const PLOT_RIGHT_PX = LEFT_PX + PLOT_WIDTH_PX;
export const PLOT_HEIGHT_PX = 260;
export const MARGIN_PX = 16;

/** Where a panel's times and bytes lie. */
export interface Frame {
  readonly panel: Panel;
  /** Upper edge of the plot itself. */
  readonly topPx: number;
  readonly spanMs: number;
  /** At the upper edge. */
  readonly mostBytes: number;
}

/** High enough for all that is used and for every limit. */
export function frameOf(panel: Panel, topPx: number): Frame {
  const limits = panel.judged.flatMap(({ decision: { limitBytes, hardLimitBytes, softLimitBytes } }) => [
    limitBytes ?? 0,
    hardLimitBytes ?? 0,
    softLimitBytes ?? 0,
  ]);
  const highest = [...panel.usage.map(({ bytes }) => bytes), ...limits].reduce(
    (most, bytes) => Math.max(most, bytes),
    1,
  );
  return { panel, topPx, spanMs: Math.max(panel.endMs - panel.startMs, 1), mostBytes: 1.08 * highest };
}

export function xOf({ panel, spanMs }: Frame, timeMs: number): number {
  return pixel(LEFT_PX + ((timeMs - panel.startMs) / spanMs) * PLOT_WIDTH_PX);
}

export function yOf({ topPx, mostBytes }: Frame, bytes: number): number {
  return pixel(topPx + (1 - bytes / mostBytes) * PLOT_HEIGHT_PX);
}

export function byTime(one: { readonly timeMs: number }, other: { readonly timeMs: number }): number {
  return one.timeMs - other.timeMs;
}
