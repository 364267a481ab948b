import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { resolvePolicy } from '../config/resolve.ts';
import type { Decision } from '../core/decision.ts';
import { BadInputError, ConfigError } from '../core/errors.ts';
import { formatBytes, formatDuration } from '../core/format.ts';
import { parseSize } from '../quantities.ts';
import { type Panel, panelsOf, plotSvg } from '../replay/plot.ts';
import { type Judged, type ReplaySummary, replay } from '../replay/replay.ts';
import { readSeries } from '../replay/series-file.ts';
import type { CommandArguments } from './arguments.ts';

/**
 * `tidemark replay FILE...`: detector and policy over recorded series. All files are read before the first line is printed, and the plot is
 * written after the last.
 */
export async function runReplayCommand(args: CommandArguments): Promise<number> {
  const { quotaBytes, plotPath } = readOptions(args);
  const policy = resolvePolicy({ env: process.env, flags: args.flags });
  const series = args.words.map((file) => ({ file, rows: readSeries(readText(file), file) }));
  const report = args.own.json === true ? JSON_REPORT : TEXT_REPORT;
  const panels: Panel[] = [];
  for (const { file, rows } of series) {
    const startMs = rows[0]?.timeMs ?? 0;
    report.begin(file);
    const judged: Judged[] = [];
    const keep = plotPath === null ? undefined : (moment: Judged) => judged.push(moment);
    const summary = replay(rows, { policy, quotaBytes }, (decision) => report.change(decision, startMs), keep);
    report.end({ file, startMs, summary });
    if (plotPath !== null) panels.push(...panelsOf(file, rows, judged));
  }
  if (plotPath === null) return 0;
  writePlot(plotPath, plotSvg(panels));
  report.plotted(plotPath);
  return 0;
}

interface Options {
  readonly quotaBytes: number | null;
  /** Null: nothing is drawn. */
  readonly plotPath: string | null;
}

function readOptions({ words, own }: CommandArguments): Options {
  const faults: string[] = [];
  if (words.length === 0)
    faults.push('"tidemark replay" needs at least one file (CSV with a header: time_ms,rss_bytes,...)');
  const quotaBytes = own.quota === undefined ? null : parseSize(String(own.quota));
  if (own.quota !== undefined && quotaBytes === null)
    faults.push(`--quota: "${own.quota}" is not a size with its unit, for example "512MiB"`);
  const plotPath = own.plot === undefined ? null : String(own.plot);
  if (plotPath !== null) faults.push(...plotFaults(plotPath, words));
  if (faults.length > 0) throw new ConfigError(faults);
  return { quotaBytes, plotPath };
}

function plotFaults(path: string, files: readonly string[]): readonly string[] {
  // A flag that follows is taken for the value; a path may begin with "./-".
  if (path === '' || path.startsWith('-'))
    return ['--plot needs the path of the SVG file to write, for example "out.svg"'];
  if (files.some((file) => resolve(file) === resolve(path)))
    return [`--plot: "${path}" is one of the files to read and would be lost`];
  return [];
}

function writePlot(path: string, svg: string): void {
  try {
    writeFileSync(path, svg);
  } catch (error) {
    throw new BadInputError(`--plot: ${path} cannot be written (${codeOf(error)})`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BadInputError(`${file}: cannot be read (${codeOf(error)})`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown fault';
}

interface Ending {
  readonly file: string;
  readonly startMs: number;
  readonly summary: ReplaySummary;
}

interface Report {
  begin(file: string): void;
  change(decision: Decision, startMs: number): void;
  end(ending: Ending): void;
  plotted(path: string): void;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Whole bytes and ms: they are estimates, and no program should be led to think otherwise. */
function whole(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

const JSON_REPORT: Report = {
  begin: () => undefined,
  change: (decision) =>
    print(
      JSON.stringify({
        time_ms: decision.timeMs,
        dyno: decision.dyno,
        class: decision.class,
        action: decision.action,
        reason: decision.reason,
        usage_bytes: whole(decision.usageBytes),
        limit_bytes: whole(decision.limitBytes),
        floor_bytes: whole(decision.floorBytes),
        reclaimable_bytes: whole(decision.reclaimableBytes),
        time_to_limit_ms: whole(decision.timeToLimitMs),
      }),
    ),
  end: ({ file, summary }) =>
    print(
      JSON.stringify({
        summary: true,
        file,
        class: summary.finalClass,
        restarts: summary.restartsMs.length,
        first_restart_ms: summary.restartsMs[0] ?? null,
      }),
    ),
  plotted: () => undefined,
};

const TEXT_REPORT: Report = {
  begin: (file) =>
    print(
      `${file}\n  ${'AFTER'.padEnd(9)} ${'DYNO'.padEnd(12)} ${'USAGE'.padStart(8)}  ${'CLASS'.padEnd(9)} ${'ACTION'.padEnd(8)} WHY`,
    ),
  change: (decision, startMs) => {
    const after = formatDuration(decision.timeMs - startMs).padEnd(9);
    const usage = (decision.usageBytes === null ? '?' : formatBytes(decision.usageBytes)).padStart(8);
    print(
      `  ${after} ${decision.dyno.padEnd(12)} ${usage}  ${decision.class.padEnd(9)} ${decision.action.padEnd(8)} ${decision.explanation}`,
    );
  },
  end: ({ startMs, summary }) => {
    const [first] = summary.restartsMs;
    const restarts =
      first === undefined
        ? 'no restart'
        : `${summary.restartsMs.length} restart${summary.restartsMs.length === 1 ? '' : 's'}, the first after ${formatDuration(first - startMs)}`;
    print(`  at the end: ${summary.finalClass}; ${restarts}\n`);
  },
  plotted: (path) => print(`plot: ${path}`),
};
