import type { Judged } from '../replay.ts';
import { pixel } from './svg.ts';

/** What one dyno of a series used, and how it was assessed. */
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
 * `open`: the series continues as recorded after a restart, so each restart is one that would have been made. `closed`:
 * each restart was made, and what follows it is the new boot.
 */
export type Loop = 'open' | 'closed';

export interface Reading {
  readonly timeMs: number;
  readonly bytes: number;
}

export const WIDTH_PX = 1080;
export const LEFT_PX = 70;
/** Space for the names of the limits. */
const RIGHT_PX = 190;
export const PLOT_WIDTH_PX = WIDTH_PX - LEFT_PX - RIGHT_PX;
export const PLOT_RIGHT_PX = LEFT_PX + PLOT_WIDTH_PX;
export const PLOT_HEIGHT_PX = 260;
export const MARGIN_PX = 16;

/** Maps a panel's times and bytes to pixels. */
export interface Frame {
  readonly panel: Panel;
  /** Upper edge of the plot itself. */
  readonly topPx: number;
  readonly spanMs: number;
  /** The memory at the upper edge. */
  readonly maxBytes: number;
}

/** Its height fits the highest usage and every limit. */
export function frameOf(panel: Panel, topPx: number): Frame {
  const limits = panel.judged.flatMap(({ decision: { limitBytes, hardLimitBytes, softLimitBytes } }) => [
    limitBytes ?? 0,
    hardLimitBytes ?? 0,
    softLimitBytes ?? 0,
  ]);
  const highest = [...panel.usage.map(({ bytes }) => bytes), ...limits].reduce((max, bytes) => Math.max(max, bytes), 1);
  return { panel, topPx, spanMs: Math.max(panel.endMs - panel.startMs, 1), maxBytes: 1.08 * highest };
}

export function xOf({ panel, spanMs }: Frame, timeMs: number): number {
  return pixel(LEFT_PX + ((timeMs - panel.startMs) / spanMs) * PLOT_WIDTH_PX);
}

export function yOf({ topPx, maxBytes }: Frame, bytes: number): number {
  return pixel(topPx + (1 - bytes / maxBytes) * PLOT_HEIGHT_PX);
}

/**
 * Until when the panel was assessed. A replay that ends a boot at its restart draws the rest of the recording without
 * judging it.
 */
export function judgedUntilMs({ judged, usage }: Panel): number {
  const last = judged.at(-1)?.decision;
  const endMs = usage.at(-1)?.timeMs ?? last?.timeMs ?? 0;
  return last?.action === 'restart' ? last.timeMs : endMs;
}

export function byTime(one: { readonly timeMs: number }, other: { readonly timeMs: number }): number {
  return one.timeMs - other.timeMs;
}
