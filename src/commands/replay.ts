import { constants } from 'node:buffer';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { resolvePolicy } from '../config/policy.ts';
import type { Decision } from '../model/decision.ts';
import { BadInputError, ConfigError } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import { formatBytes, formatDuration } from '../model/text/format.ts';
import { columnsOf, wrap } from '../model/text/lines.ts';
import { parseSize } from '../quantities.ts';
import { doubtsOf } from '../replay/doubts.ts';
import { type DynoSummary, dynoSentence, summariseDynos } from '../replay/dyno-summary.ts';
import { isHerokuLog, type RecordedLog, readHerokuLog } from '../replay/heroku-log.ts';
import { type Panel, panelsOf, plotSvg } from '../replay/plot.ts';
import { type Judged, type ReplayOptions, type ReplaySummary, replay } from '../replay/replay.ts';
import { readSeries, type SeriesRow } from '../replay/series-file.ts';
import { settingsLine } from '../replay/settings-line.ts';
import type { CommandArguments } from './terminal/command.ts';

/**
 * `tidemark replay FILE...`: detector and policy over recorded series. All files are read before the first line is
 * printed, and the plot is written after the last.
 */
export async function runReplayCommand(args: CommandArguments): Promise<number> {
  const { quotaBytes, plotPath, policy } = readOptions(args);
  const series: (RecordedLog & { readonly file: string })[] = [];
  for (const file of args.words)
    series.push({ file: nameOf(file), ...recordingOf(await readText(file), nameOf(file)) });
  const report = args.own.json === true ? JSON_REPORT : TEXT_REPORT;
  const panels: Panel[] = [];
  for (const { file, rows, quotaErrors } of series) {
    const startMs = rows[0]?.timeMs ?? 0;
    const doubts = doubtsOf(rows);
    for (const doubt of [...doubts.times, ...doubts.memory]) process.stderr.write(`tidemark: ${file}: ${doubt}\n`);
    report.begin(file, settingsLine(rows, { policy, quotaBytes, doubts }));
    const options = { policy, quotaBytes, restartEndsBoot: report.restartEndsBoot };
    const summary = replay(rows, options, (decision) => report.change(decision, startMs));
    const dynos = summariseDynos({ rows, restarts: summary.restarts, quotaBytes, quotaErrors });
    report.end({ file, startMs, summary, dynos });
    if (plotPath !== null) panels.push(...panelsOf(file, rows, judgedAll(rows, options)));
  }
  if (plotPath === null) return 0;
  writePlot(plotPath, plotSvg(panels));
  report.plotted(plotPath);
  return 0;
}

/** Standard input. */
const STDIN = '-';

function nameOf(file: string): string {
  if (file === STDIN) return 'standard input';
  return file === '' ? 'the file ""' : file;
}

/** A file says by itself what it is: a series as CSV, or the log of an app. */
function recordingOf(text: string, file: string): RecordedLog {
  // An empty log lacks what a log without samples lacks.
  return isHerokuLog(text) || text.trim() === ''
    ? readHerokuLog(text, file)
    : { rows: readSeries(text, file), quotaErrors: [] };
}

/** Every judged moment, for the plot. */
function judgedAll(rows: readonly SeriesRow[], options: ReplayOptions): readonly Judged[] {
  const judged: Judged[] = [];
  replay(
    rows,
    options,
    () => undefined,
    (moment) => judged.push(moment),
  );
  return judged;
}

interface Options {
  readonly quotaBytes: number | null;
  /** Null: nothing is drawn. */
  readonly plotPath: string | null;
  readonly policy: Policy;
}

/** Throws one `ConfigError` that lists every fault, those of settings included. */
function readOptions({ words, flags, own, env }: CommandArguments): Options {
  const faults: string[] = [];
  const policy = policyOf({ env, flags }, faults);
  if (words.length === 0)
    faults.push(
      '"tidemark replay" needs at least one file: CSV with a header (time_ms,rss_bytes,...), or the log of an app; ' +
        'for example: heroku logs -a my-app -n 1500 | npx tidemark replay -',
    );
  if (words.filter((word) => word === STDIN).length > 1) faults.push('"-" can be read once');
  const quotaBytes = own.quota === undefined ? null : parseSize(String(own.quota));
  if (own.quota !== undefined && quotaBytes === null)
    faults.push(`--quota: "${own.quota}" is not a size with its unit, for example "512MiB"`);
  const plotPath = own.plot === undefined ? null : String(own.plot);
  if (plotPath !== null) faults.push(...plotFaults(plotPath, words));
  if (faults.length > 0 || policy === null) throw new ConfigError(faults);
  return { quotaBytes, plotPath, policy };
}

/** Null where the settings have faults, which are added to `faults`. */
function policyOf(input: Parameters<typeof resolvePolicy>[0], faults: string[]): Policy | null {
  try {
    return resolvePolicy(input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults);
    return null;
  }
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

const WORDS_OF_CODES: Readonly<Record<string, string>> = {
  ENOENT: ': there is no such file',
  EISDIR: ': it is a folder',
};

/** What Node says of a file beyond its longest string, and beyond its longest buffer. */
const TOO_LARGE: ReadonlySet<string> = new Set(['ERR_STRING_TOO_LONG', 'ERR_FS_FILE_TOO_LARGE']);

async function readText(file: string): Promise<string> {
  try {
    if (file === STDIN) return await boundedText(process.stdin);
    // A pipe or a device has no size that could be checked, and may never end.
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : await boundedText(createReadStream(file));
  } catch (error) {
    const why = TOO_LARGE.has(codeOf(error))
      ? 'is too large to be read at once (512 MB at most): leave out columns that are not needed, or split it by dyno'
      : `cannot be read (${codeOf(error)})${WORDS_OF_CODES[codeOf(error)] ?? ''}`;
    throw new BadInputError(`${nameOf(file)}: ${why}`, { cause: error });
  }
}

/** A text may have that many characters; an error as of a file that is too large. */
async function boundedText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > constants.MAX_STRING_LENGTH)
      throw Object.assign(new Error(`more than ${bytes} bytes`), { code: 'ERR_STRING_TOO_LONG' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown fault';
}

interface Ending {
  readonly file: string;
  readonly startMs: number;
  readonly summary: ReplaySummary;
  readonly dynos: readonly DynoSummary[];
}

interface Report {
  /** People see a restarted boot end; for programs the recording goes on, as docs/detection.md scores it. */
  readonly restartEndsBoot: boolean;
  /** `settings`: a sentence about the window and the quota in use. */
  begin(file: string, settings: string): void;
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
  restartEndsBoot: false,
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
  restartEndsBoot: true,
  begin: (file, settings) => {
    print(file);
    print(wrap(`  ${settings}`, columnsOf(process.stdout), 0));
    print(textRow(['AFTER', 'DYNO', 'USAGE', 'CLASS', 'ACTION']));
  },
  change: (decision, startMs) => {
    const usage = decision.usageBytes === null ? '?' : formatBytes(decision.usageBytes);
    const after = formatDuration(decision.timeMs - startMs);
    print(textRow([after, decision.dyno, usage, decision.class, decision.action]));
    print(wrap(`    ${decision.explanation}`, columnsOf(process.stdout), 0));
    if (decision.action === 'restart') print(wrap(`    ${restartLine(decision)}`, columnsOf(process.stdout), 0));
  },
  end: ({ startMs, summary, dynos }) => {
    print(wrap(`  ${endLine(summary, startMs)}`, columnsOf(process.stdout), 2));
    for (const dyno of dynos) print(wrap(`  ${dynoSentence(dyno, startMs)}`, columnsOf(process.stdout), 2));
    print('');
  },
  plotted: (path) => print(`plot: ${path}`),
};

function textRow([after = '', dyno = '', usage = '', memoryClass = '', action = '']: readonly string[]): string {
  const cells = [after.padEnd(9), dyno.padEnd(12), usage.padStart(8), ` ${memoryClass.padEnd(9)}`, action];
  return `  ${cells.join(' ').trimEnd()}`;
}

function restartLine({ usageBytes, reclaimableBytes }: Decision): string {
  const of = usageBytes === null ? '' : ` of ${formatBytes(usageBytes)}`;
  const back =
    reclaimableBytes === null
      ? 'how much this restart would have given back is not known'
      : `this restart would have given back about ${formatBytes(reclaimableBytes)}${of}`;
  return `-> ${back}. The recording continues without it, so the rest of this boot is not assessed.`;
}

function endLine({ restarts, finalClass }: ReplaySummary, startMs: number): string {
  const [first] = restarts;
  if (first === undefined) return `at the end: ${finalClass}; no restart`;
  const after = formatDuration(first.timeMs - startMs);
  return restarts.length === 1 ? `1 restart, after ${after}` : `${restarts.length} restarts, the first after ${after}`;
}
