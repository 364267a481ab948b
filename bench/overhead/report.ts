import type { MemoryFigures } from './memory.ts';
import type { SpeedFigures } from './speed.ts';
import type { Estimate } from './statistics.ts';
import { TIDEMARK_ALONE, TIDEMARK_ON_APP, type Variant } from './variants.ts';

const MB = 1e6;

/** A bound, `most` or `least`, and how it is written. */
type Target = { readonly most: number } | { readonly least: number };

interface Line {
  readonly label: string;
  readonly estimate: Estimate;
  readonly target?: Target | undefined;
}

interface Table {
  readonly title: string;
  readonly digits: number;
  readonly lines: readonly Line[];
}

/** Target by variant; the others are for comparison. */
export type Targets = ReadonlyMap<Variant, Target>;

/** For no-op jobs at concurrency 50. */
export const CPU_TARGETS: Targets = new Map([
  [TIDEMARK_ALONE, { most: 2 }],
  [TIDEMARK_ON_APP, { most: 6 }],
]);

export function cpuTable(label: string, figures: readonly SpeedFigures[], targets: Targets): string {
  const [bare, ...others] = figures;
  if (bare === undefined) return '';
  return asText({
    title: `CPU per job without exports, ${label}, us more than bare (bare: ${range(bare.cpuUsPerJob, 1)} us)`,
    digits: 2,
    lines: others.map(({ variant, cpuOverBareUs }) => ({
      label: variant.label,
      estimate: cpuOverBareUs,
      target: targets.get(variant),
    })),
  });
}

export function throughputTable(label: string, figures: readonly SpeedFigures[], least: number): string {
  const [bare, ...others] = figures;
  if (bare === undefined) return '';
  const targets: Targets = new Map([TIDEMARK_ALONE, TIDEMARK_ON_APP].map((variant) => [variant, { least }]));
  return asText({
    title: `Throughput, ${label}, part of bare's (bare: ${range(bare.jobsPerSecond, 0)} jobs/s)`,
    digits: 3,
    lines: others.map(({ variant, throughputRatio }) => ({
      label: variant.label,
      estimate: throughputRatio,
      target: targets.get(variant),
    })),
  });
}

export function allocationTable(label: string, figures: readonly SpeedFigures[]): string {
  return asText({
    title: `Allocated on the V8 heap per job, ${label}, bytes more than bare`,
    digits: 0,
    lines: figures.slice(1).map(({ variant, allocatedBytesOverBare }) => ({
      label: variant.label,
      estimate: allocatedBytesOverBare,
    })),
  });
}

export function exportTable(figures: readonly MemoryFigures[]): string {
  return asText({
    title: 'CPU of an export of 100 names, ms, including everything else done each second without a job',
    digits: 1,
    lines: figures.map(({ variant, over, exportCpuMs }) => ({
      label: `${variant.label}, over ${over.label}`,
      estimate: exportCpuMs,
    })),
  });
}

export function memoryTable(figures: readonly MemoryFigures[], warmUpJobs: number): string {
  const lines = figures.flatMap(({ variant, over, rssOverBytes, anonymousOverBytes }): Line[] => {
    const target = variant === TIDEMARK_ALONE ? { most: 8 } : undefined;
    const label = `${variant.label}, over ${over.label}`;
    const anonymous = { label: '  the part of it that is no file', estimate: inMb(anonymousOverBytes) };
    return [{ label, estimate: inMb(rssOverBytes), target }, ...(anonymousOverBytes === null ? [] : [anonymous])];
  });
  return asText({ title: `RSS after ${count(warmUpJobs)} jobs over 100 names, MB more`, digits: 1, lines });
}

export function growthTable(figures: readonly MemoryFigures[], warmUpJobs: number, untilJobs: number): string {
  const lines = figures.flatMap(({ variant, over, growthBytes, growthOverBytes }): Line[] => {
    const target = variant === TIDEMARK_ALONE || variant === TIDEMARK_ON_APP ? { most: 3 } : undefined;
    return [
      { label: variant.label, estimate: inMb(growthBytes), target },
      { label: `  more than ${over.label}`, estimate: inMb(growthOverBytes) },
    ];
  });
  const title = `RSS growth from job ${count(warmUpJobs)} to job ${count(untilJobs)} over 100 names, MB`;
  return asText({ title, digits: 1, lines });
}

function inMb(estimate: Estimate | null): Estimate {
  const { median, low, high } = estimate ?? { median: Number.NaN, low: Number.NaN, high: Number.NaN };
  return { median: median / MB, low: low / MB, high: high / MB };
}

function asText({ title, digits, lines }: Table): string {
  const rows = lines.map(({ label, estimate, target }) => [
    label,
    estimate.median.toFixed(digits),
    `${estimate.low.toFixed(digits)} to ${estimate.high.toFixed(digits)}`,
    target === undefined ? '' : written(target),
    target === undefined ? '' : reached(estimate, target),
  ]);
  const all = [['', 'median', '95 % interval', 'target', 'reached'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const text = all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ')
      .trimEnd(),
  );
  return [title, ...text.map((row) => `  ${row}`)].join('\n');
}

function written(target: Target): string {
  return 'most' in target ? `<= ${target.most}` : `>= ${target.least}`;
}

/** By the median; it says so if the interval contains the target. */
function reached({ median, low, high }: Estimate, target: Target): string {
  const holds = (value: number) => ('most' in target ? value <= target.most : value >= target.least);
  return `${holds(median) ? 'yes' : 'no'}${holds(low) === holds(high) ? '' : ', unsure'}`;
}

function range({ median, low, high }: Estimate, digits: number): string {
  return `${median.toFixed(digits)}, ${low.toFixed(digits)} to ${high.toFixed(digits)}`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
