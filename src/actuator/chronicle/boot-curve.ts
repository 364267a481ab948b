import type { Boot } from '../../detector/boot/boot.ts';
import { withoutJobs } from '../../detector/load/job-load.ts';
import type { CurveView } from '../../web/views.ts';
import type { UsageSeries } from './usage-series.ts';

interface Moment {
  readonly timeMs: number;
  readonly usageBytes: number | null;
  readonly floorBytes: number | null;
  readonly activeJobs: number | null;
}

/**
 * The curve of one boot: usage from its series, the floor from the detector. The detector's floors are in the snapshot,
 * so after a start of the actuator the floor is there again, and the usage is not.
 */
export function curveOf({ boot, series }: { readonly boot: Boot; readonly series: UsageSeries }): CurveView {
  const floors = floorsOf(boot);
  const samples = series.entries();
  const firstMs = samples[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  const earlier: Moment[] = floors
    .filter(({ timeMs }) => timeMs < firstMs)
    .map(({ timeMs, floorBytes }) => ({ timeMs, usageBytes: null, floorBytes, activeJobs: null }));
  let at = 0;
  const measured = samples.map((sample): Moment => {
    while (at < floors.length && (floors[at]?.timeMs ?? 0) <= sample.timeMs) at++;
    return { ...sample, floorBytes: floors[at - 1]?.floorBytes ?? null };
  });
  return inColumns([...earlier, ...measured, ...newestOf(boot, measured.at(-1))]);
}

/** What was measured since the last sample that the series kept. */
function newestOf({ lastPointMs: timeMs, usageBytes, activeJobs }: Boot, last: Moment | undefined): readonly Moment[] {
  if (usageBytes === null || timeMs <= (last?.timeMs ?? 0)) return [];
  return [{ timeMs, usageBytes, floorBytes: last?.floorBytes ?? null, activeJobs }];
}

/** Oldest first: the closest that the detector has for each time. */
function floorsOf({ curve, perJob }: Boot): readonly { readonly timeMs: number; readonly floorBytes: number }[] {
  if (curve === null) return [];
  const [wide, coarse, fine] = [curve.wide(), curve.coarse(), curve.fine()];
  const coarseFromMs = coarse[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  const fineFromMs = fine[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  const levels = [
    ...wide.filter(({ timeMs }) => timeMs < Math.min(coarseFromMs, fineFromMs)),
    ...coarse.filter(({ timeMs }) => timeMs < fineFromMs),
    ...fine,
  ];
  return levels.map((level) => ({ timeMs: level.timeMs, floorBytes: Math.round(withoutJobs(level, perJob)) }));
}

function inColumns(moments: readonly Moment[]): CurveView {
  return {
    timesMs: moments.map(({ timeMs }) => timeMs),
    usageBytes: moments.map(({ usageBytes }) => usageBytes),
    floorBytes: moments.map(({ floorBytes }) => floorBytes),
    activeJobs: moments.map(({ activeJobs }) => activeJobs),
  };
}

/** The moments from `fromMs` up to `toMs`. */
export function between(curve: CurveView, fromMs: number, toMs = Number.POSITIVE_INFINITY): CurveView {
  return inColumns(momentsOf(curve).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs));
}

/** One curve after the other, with a gap between them. */
export function joined(curves: readonly CurveView[]): CurveView {
  const moments = curves.flatMap((curve, index) => {
    const own = momentsOf(curve);
    const firstMs = own[0]?.timeMs;
    if (index === 0 || firstMs === undefined) return own;
    return [{ timeMs: firstMs - 1, usageBytes: null, floorBytes: null, activeJobs: null }, ...own];
  });
  return inColumns(moments);
}

/** At most `count` moments: of each equal span of time the highest, so that no peak is lost. Gaps stay. */
export function thinned(curve: CurveView, count: number): CurveView {
  const moments = momentsOf(curve);
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined || moments.length <= count) return curve;
  const gaps = moments.filter(isGap).slice(-Math.floor(count / 2));
  const spans = count - gaps.length;
  const spanMs = (last.timeMs - first.timeMs) / spans;
  const highest = new Map<number, Moment>();
  for (const moment of moments) {
    if (isGap(moment)) continue;
    const place = Math.min(spans - 1, Math.floor((moment.timeMs - first.timeMs) / spanMs));
    const other = highest.get(place);
    // The row next to the curve shows the newest moment.
    if (other === undefined || moment === last || isHigher(moment, other)) highest.set(place, moment);
  }
  return inColumns([...highest.values(), ...gaps].sort((a, b) => a.timeMs - b.timeMs));
}

function isGap({ usageBytes, floorBytes }: Moment): boolean {
  return usageBytes === null && floorBytes === null;
}

function isHigher(one: Moment, other: Moment): boolean {
  return (one.usageBytes ?? one.floorBytes ?? -1) > (other.usageBytes ?? other.floorBytes ?? -1);
}

function momentsOf(curve: CurveView): readonly Moment[] {
  return curve.timesMs.map((timeMs, at) => ({
    timeMs,
    usageBytes: curve.usageBytes[at] ?? null,
    floorBytes: curve.floorBytes[at] ?? null,
    activeJobs: curve.activeJobs[at] ?? null,
  }));
}
