import { formatBytes, formatShare } from '../../model/format.ts';
import { type ChartCell, chart, sparkline } from './chart.ts';

/** What is shown of one dyno. */
export interface DynoRow {
  readonly dyno: string;
  readonly bootNumber: number;
  /** As the dyno manager measures it; null where it cannot. */
  readonly usageBytes: number | null;
  readonly cells: readonly ChartCell[];
  /** The actuator's class; null while it has none. */
  readonly class: string | null;
  readonly jobsDone: number;
  readonly restarts: number;
}

/** What the screen shows at one moment. */
export interface Frame {
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
const NARROWEST_CHART = 10;
/** Cells of a dyno's sparkline in a line. */
const LINE_CELLS = 20;

/** The lines of a frame for a terminal of so many columns: none is longer, colour codes aside. */
export function frameLines(frame: Frame, columns: number, colour: boolean): readonly string[] {
  const soft = ` soft limit ${formatBytes(frame.softLimitBytes)}`;
  const width = Math.max(NARROWEST_CHART, columns - 3 - soft.length);
  const paint = (code: string, text: string) => (colour && text.trim() !== '' ? `${code}${text}${RESET}` : text);
  const cut = (text: string) => (text.length > columns - 1 ? `${text.slice(0, Math.max(0, columns - 2))}…` : text);
  const title = `Tidemark demo  ${seconds(frame.elapsedMs)}  jobs ${frame.jobsDone} of ${frame.jobsAdded}  limit ${formatBytes(frame.limitBytes)} a dyno`;
  const lines = [paint(BOLD, cut(title)), ''];
  for (const row of frame.dynos) {
    const [top = '', ...lower] = chart(row.cells, width, frame.softLimitBytes / frame.limitBytes);
    const over = row.usageBytes !== null && row.usageBytes > frame.softLimitBytes;
    lines.push(over ? paint(YELLOW, cut(label(row, frame))) : cut(label(row, frame)));
    lines.push(`  ${paint(YELLOW, top)}`);
    lower.forEach((text, index) => {
      lines.push(index === 0 && columns > width + soft.length + 2 ? `  ${text}${paint(DIM, soft)}` : `  ${text}`);
    });
  }
  lines.push('', cut(`actuator: ${frame.status}`));
  return lines;
}

/** One line that says the same as a frame, for where there is no terminal. */
export function frameLine(frame: Frame): string {
  const dynos = frame.dynos.map((row) => {
    const memory = row.usageBytes === null ? '?' : formatShare(row.usageBytes, frame.limitBytes);
    return `${row.dyno}#${row.bootNumber} ${memory} ${row.class ?? 'unseen'} ${sparkline(row.cells, LINE_CELLS)}`;
  });
  return `${seconds(frame.elapsedMs)}  ${dynos.join(' | ')} | ${frame.jobsDone}/${frame.jobsAdded} jobs`;
}

function label(row: DynoRow, frame: Frame): string {
  const memory =
    row.usageBytes === null
      ? 'memory not known'
      : `${formatBytes(row.usageBytes)} of ${formatBytes(frame.limitBytes)} (${formatShare(row.usageBytes, frame.limitBytes)})`;
  const restarts = row.restarts === 0 ? '' : `, restarted ${row.restarts}x`;
  return `${row.dyno} boot ${row.bootNumber}  ${memory}  ${row.class ?? 'not seen yet'}  ${row.jobsDone} jobs${restarts}`;
}

/** ` 7.3 s`: of one width, so that nothing jumps. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}
