import { stripVTControlCharacters } from 'node:util';
import { BadInputError } from '../model/errors.ts';
import { processTypeOf } from '../shared/dyno-name.ts';
import { type LogLine, parseLogTime, type QuotaErrorCode, readHerokuLine } from '../sources/logplex/heroku-line.ts';
import { readLogplexBody } from '../sources/logplex/logplex-body.ts';
import type { SeriesRow } from './series-file.ts';

/** What a log says of the memory of its dynos. */
export interface RecordedLog {
  /** In the order of time. */
  readonly rows: readonly SeriesRow[];
  readonly quotaErrors: readonly { readonly dyno: string; readonly code: QuotaErrorCode; readonly timeMs: number }[];
}

/** `2026-11-29T14:00:00.123456+00:00 heroku[worker.1]: ...` */
const CLI_LINE = /^(\d{4}-\d\d-\d\dT\S+) ([a-z]{1,20})\[([^\]\s]{1,128})\]: (.*)$/;
/** The beginning of a log drain's body: `327 <45>1 2026-...` */
const DRAIN_START = /^\d{1,7} <\d{1,3}>1 \S+ /;
const MEMORY_LINE = /^source=\S+ .*sample#memory_(rss|total)=/;
const LOOKED_AT_LINES = 200;

/** Whether a text is a log, as `heroku logs` prints it or as a log drain sends it. */
export function isHerokuLog(text: string): boolean {
  if (DRAIN_START.test(text)) return true;
  const first = text.split('\n', LOOKED_AT_LINES).map((line) => plain(line));
  return first.some((line) => CLI_LINE.test(line));
}

/**
 * Reads the memory samples of a log. Other lines are normal and passed over. Throws `BadInputError` where there is no
 * sample, with what to do, and where one cannot be read, with file and line.
 */
export function readHerokuLog(text: string, file: string): RecordedLog {
  const log = new LogReader(file);
  if (DRAIN_START.test(text)) {
    let number = 0;
    readLogplexBody(Buffer.from(text), Number.MAX_SAFE_INTEGER, (line) => log.take(line, ++number));
  } else {
    text.split('\n').forEach((line, index) => {
      const [, time = '', source = '', process = '', message = ''] = CLI_LINE.exec(plain(line)) ?? [];
      const timeMs = parseLogTime(time);
      if (timeMs !== null) log.take({ timeMs, source, process, message }, index + 1);
    });
  }
  return log.read();
}

function plain(line: string): string {
  return stripVTControlCharacters(line).trimEnd();
}

type Taken =
  | { readonly kind: 'start'; readonly dyno: string; readonly timeMs: number }
  | { readonly kind: 'row'; readonly row: SeriesRow & { readonly dyno: string } };

class LogReader {
  readonly #file: string;
  readonly #taken: Taken[] = [];
  readonly #quotaErrors: { dyno: string; code: QuotaErrorCode; timeMs: number }[] = [];
  #lines = 0;

  constructor(file: string) {
    this.#file = file;
  }

  take(line: LogLine, number: number): void {
    this.#lines++;
    const { timeMs } = line;
    const said = readHerokuLine(line);
    if (said?.kind === 'sample') this.#taken.push({ kind: 'row', row: rowOf(said, timeMs, number) });
    else if (said?.kind === 'quota-error') this.#quotaErrors.push({ dyno: said.dyno, code: said.code, timeMs });
    else if (said?.kind === 'state' && said.to === 'starting')
      this.#taken.push({ kind: 'start', dyno: said.dyno, timeMs });
    else if (said === null && line.source === 'heroku' && MEMORY_LINE.test(line.message)) {
      throw new BadInputError(
        `${this.#file}:${number}: this memory sample cannot be read: it needs source=<dyno>, ` +
          'dyno=heroku.<app id>.<dyno id> and sample#memory_rss=<MB>MB',
      );
    }
  }

  read(): RecordedLog {
    // A log comes from many machines, and is nearly in order.
    const inOrder = this.#taken.toSorted((a, b) => timeOf(a) - timeOf(b));
    const rows = withStarts(inOrder);
    if (rows.length === 0) throw new BadInputError(this.#noSample());
    return { rows, quotaErrors: this.#quotaErrors };
  }

  #noSample(): string {
    const what =
      this.#lines === 0
        ? 'this is empty. A series is CSV with a header (time_ms,rss_bytes,...), a log has memory samples'
        : `${this.#lines} lines of a log, and none is a memory sample`;
    return (
      `${this.#file}: ${what}. Heroku writes one every 20 s once ` +
      'they are on: "heroku labs:enable log-runtime-metrics -a <app>", then "heroku ps:restart -a <app>" ' +
      '(Cedar only: Fir has no such lines). Wait some hours, and ask for more lines: "heroku logs -n 1500".'
    );
  }
}

function timeOf(taken: Taken): number {
  return taken.kind === 'row' ? taken.row.timeMs : taken.timeMs;
}

type Sample = Extract<ReturnType<typeof readHerokuLine>, { kind: 'sample' }>;

function rowOf(sample: Sample, timeMs: number, line: number) {
  return {
    line,
    timeMs,
    rssBytes: sample.residentBytes,
    swapBytes: sample.swapBytes,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs: null,
    completedJobs: null,
    quotaBytes: sample.quotaBytes,
    bootId: sample.bootId,
    dyno: sample.dyno,
    processType: processTypeOf(sample.dyno),
  };
}

/**
 * Says of each boot when it began: at the line that says so, else between the samples of two boots of the dyno. The
 * first boot of a dyno began before the log did.
 */
function withStarts(taken: readonly Taken[]): readonly SeriesRow[] {
  const starts = new Map<string, number>();
  const boots = new Map<string, number | 'earlier'>();
  const newestMs = new Map<string, number>();
  return taken.flatMap((one) => {
    if (one.kind === 'start') {
      starts.set(one.dyno, one.timeMs);
      return [];
    }
    const { row } = one;
    const key = `${row.dyno}|${row.bootId}`;
    const bootStart = boots.get(key) ?? starts.get(row.dyno) ?? newestMs.get(row.dyno) ?? 'earlier';
    if (!boots.has(key)) starts.delete(row.dyno);
    boots.set(key, bootStart);
    newestMs.set(row.dyno, row.timeMs);
    return [{ ...row, bootStart }];
  });
}
