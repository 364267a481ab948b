import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { planOf, type RunPlan } from './plan.ts';

/** `start` and `end` of a job, `tick` once a second, `collection` soon after a major garbage collection. */
const EVENTS = ['start', 'end', 'tick', 'collection'] as const;
export type EventKind = (typeof EVENTS)[number];

/** One row of a recording. Memory is read at that time. */
export interface RecordedEvent {
  readonly kind: EventKind;
  /** Index of the job's name in the plan; -1 for events that are of no job. */
  readonly name: number;
  /** Since the process began. */
  readonly timeMs: number;
  readonly rssBytes: number;
  /** V8's used heap and external memory (Buffers). Between two collections it includes garbage. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Memory that V8 has reserved for its heap, used or not. */
  readonly heapTotalBytes: number;
  /** What running jobs hold on purpose: the truth, which no method sees. */
  readonly heldBytes: number;
}

export interface Recording {
  readonly plan: RunPlan;
  readonly events: readonly RecordedEvent[];
  /** RSS when the process began to watch its memory, before the first job. */
  readonly startRssBytes: number;
  /** The truth: what the jobs of each name kept, by index. */
  readonly keptBytes: readonly number[];
}

/** As it is stored: gzipped JSON of columns, each row as the difference from the row before. */
interface StoredRecording {
  readonly seed: number;
  readonly startRssBytes: number;
  readonly keptBytes: readonly number[];
  readonly columns: Readonly<Record<(typeof COLUMNS)[number], readonly number[]>>;
}

const COLUMNS = ['kind', 'name', 'us', 'rssPages', 'heapKb', 'externalKb', 'heapTotalKb', 'heldKb'] as const;
export const COLUMN_COUNT = COLUMNS.length;
const PAGE_BYTES = 4096;
const KB = 1000;

export interface RawRecording {
  readonly seed: number;
  readonly startRssBytes: number;
  readonly keptBytes: readonly number[];
  /** Rows of `COLUMN_COUNT` whole numbers. */
  readonly rows: Float64Array;
}

export function rawRow(event: RecordedEvent): readonly number[] {
  return [
    EVENTS.indexOf(event.kind),
    event.name,
    Math.round(1000 * event.timeMs),
    Math.round(event.rssBytes / PAGE_BYTES),
    Math.round(event.heapBytes / KB),
    Math.round(event.externalBytes / KB),
    Math.round(event.heapTotalBytes / KB),
    Math.round(event.heldBytes / KB),
  ];
}

export function writeRecording(path: string, { rows, ...rest }: RawRecording): void {
  const columns = COLUMNS.map((column, at) => {
    const numbers: number[] = [];
    for (let row = 0; row < rows.length; row += COLUMN_COUNT) {
      numbers.push((rows[row + at] ?? 0) - (row === 0 ? 0 : (rows[row - COLUMN_COUNT + at] ?? 0)));
    }
    return [column, numbers];
  });
  writeFileSync(path, gzipSync(JSON.stringify({ ...rest, columns: Object.fromEntries(columns) }), { level: 9 }));
}

export function readRecording(path: string): Recording {
  const stored = JSON.parse(gunzipSync(readFileSync(path)).toString()) as StoredRecording;
  const { seed, startRssBytes, keptBytes, columns } = stored;
  const sums = Object.fromEntries(COLUMNS.map((column) => [column, 0])) as Record<(typeof COLUMNS)[number], number>;
  const events = columns.kind.map((_, row): RecordedEvent => {
    for (const column of COLUMNS) sums[column] += columns[column][row] ?? 0;
    return {
      kind: EVENTS[sums.kind] ?? 'tick',
      name: sums.name,
      timeMs: sums.us / 1000,
      rssBytes: sums.rssPages * PAGE_BYTES,
      heapBytes: sums.heapKb * KB,
      externalBytes: sums.externalKb * KB,
      heapTotalBytes: sums.heapTotalKb * KB,
      heldBytes: sums.heldKb * KB,
    };
  });
  return { plan: planOf(seed), events, startRssBytes, keptBytes };
}
