import { formatBytes, formatShare } from '../../model/text/format.ts';
import { columnsOf, wrap } from '../../model/text/lines.ts';
import type { BootRecord } from '../boot-records.ts';
import { DEADLINE_MS, WINDOW_MS } from '../plan.ts';
import { cellsOf } from './cells.ts';
import { chart, sparkline } from './chart.ts';

/** What is shown of one dyno. */
export interface DynoRow {
  readonly dyno: string;
  /** Oldest first; the last is the current one. */
  readonly boots: readonly BootRecord[];
  /** As the dyno manager measures it; null if it cannot. */
  readonly usageBytes: number | null;
  /** The actuator's class; null before it has one. */
  readonly class: string | null;
  readonly jobsDone: number;
}

/** What the screen shows at one moment. */
export interface Frame {
  /** Unix ms. */
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  readonly limitBytes: number;
  readonly softLimitBytes: number;
  readonly dynos: readonly DynoRow[];
  readonly jobsDone: number;
  readonly jobsAdded: number;
  /** What the actuator does, in a sentence. */
  readonly status: string;
}

const YELLOW = '\u001b[33m';
const DIM = '\u001b[2m';
const BOLD = '\u001b[1m';
const RESET = '\u001b[0m';
const MIN_CHART_CELLS = 10;
/** Cells of a dyno's sparkline in a line. */
const LINE_CELLS = 20;
/** Classes that the actuator gives before it knows whether a level stays. */
const UNDECIDED = new Set(['warming', 'healthy', 'unknown']);

/** The lines of a frame for a terminal of this many columns: none is longer, colour codes aside. */
export function frameLines(frame: Frame, columns: number, colour: boolean): readonly string[] {
  const soft = ` soft limit ${formatBytes(frame.softLimitBytes)}`;
  const width = Math.max(MIN_CHART_CELLS, columns - 3 - soft.length);
  const hasRoomForSoft = columns > width + soft.length + 2;
  const paint = (code: string, text: string) => (colour && text.trim() !== '' ? `${code}${text}${RESET}` : text);
  const cut = (text: string) => (text.length > columns - 1 ? `${text.slice(0, Math.max(0, columns - 2))}…` : text);
  const title =
    `Tidemark demo  ${seconds(frame.elapsedMs)}  jobs ${frame.jobsDone} of ${frame.jobsAdded}  ` +
    `limit ${formatBytes(frame.limitBytes)} a dyno`;
  const lines = [paint(BOLD, cut(title)), ''];
  for (const row of frame.dynos) {
    const cells = cellsOf(row.boots, spanOf(frame, wholeRunMs(frame) / width));
    const [top = '', ...lower] = chart(cells, width, frame.softLimitBytes / frame.limitBytes);
    lines.push(isOverSoft(row, frame) ? paint(YELLOW, cut(label(row, frame))) : cut(label(row, frame)));
    lines.push(`  ${paint(YELLOW, top)}`);
    lower.forEach((text, index) => {
      lines.push(index === 0 && hasRoomForSoft ? `  ${text}${paint(DIM, soft)}` : `  ${text}`);
    });
  }
  const status = wrap(`actuator: ${frame.status}`, columnsOf({ columns }) - 1, 2).split('\n');
  lines.push('', ...status.map(cut));
  return lines;
}

/** One line that says the same as a frame, for output that is no terminal. */
export function frameLine(frame: Frame): string {
  const dynos = frame.dynos.map((row) => {
    const memory = row.usageBytes === null ? '?' : formatShare(row.usageBytes, frame.limitBytes);
    const curve = sparkline(cellsOf(row.boots, spanOf(frame, WINDOW_MS)), LINE_CELLS);
    return `${row.dyno}#${row.boots.length} ${memory} ${stateOf(row, frame)} ${curve}`;
  });
  return `${seconds(frame.elapsedMs)}  ${dynos.join(' | ')} | ${frame.jobsDone}/${frame.jobsAdded} jobs`;
}

/** The chart's width is the whole run, so that a wider terminal shows finer cells and not an emptier chart. */
function wholeRunMs({ elapsedMs }: Frame): number {
  return Math.max(DEADLINE_MS, elapsedMs);
}

function spanOf({ startedAtMs, elapsedMs, limitBytes }: Frame, cellMs: number) {
  return { fromMs: startedAtMs, toMs: startedAtMs + elapsedMs, cellMs, limitBytes };
}

function label(row: DynoRow, frame: Frame): string {
  const memory =
    row.usageBytes === null
      ? 'memory not known'
      : `${formatBytes(row.usageBytes)} of ${formatBytes(frame.limitBytes)} ` +
        `(${formatShare(row.usageBytes, frame.limitBytes)})`;
  const restarts = row.boots.filter((boot) => boot.restartRequestsMs.length > 0).length;
  const restarted = restarts === 0 ? '' : `, restarted ${restarts}x`;
  return `${row.dyno} boot ${row.boots.length}  ${memory}  ${stateOf(row, frame)}  ${row.jobsDone} jobs${restarted}`;
}

/** The actuator's class lags a step by some windows: a dyno over its soft limit is not called healthy meanwhile. */
function stateOf(row: DynoRow, frame: Frame): string {
  if (row.class === null) return 'not seen yet';
  return isOverSoft(row, frame) && UNDECIDED.has(row.class) ? 'high: will it stay?' : row.class;
}

function isOverSoft({ usageBytes }: DynoRow, { softLimitBytes }: Frame): boolean {
  return usageBytes !== null && usageBytes > softLimitBytes;
}

/** ` 7.3 s`: always as wide, so that the lines below each other line up. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}
