import { bootKeyOf, type Point } from '../../model/point.ts';
import { MEMORY_LIMITS, type MemoryLimits } from '../limits.ts';
import { FIELDS } from '../otlp/wanted-metrics.ts';
import { PointRow } from './point-row.ts';
import { textBytesOf } from './process-identity.ts';
import { ProcessMemories, type ProcessMemory } from './process-memories.ts';
import type { SeriesSum } from './series-sum.ts';

/** Covers a clock that was set back, or a sender whose clock is ahead: an old point must not come in again. */
const SLACK_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 60_000;
/** What is handed on in one turn of the event loop: some 10 ms, and several times that while V8 marks a large heap. */
const MAX_ROWS_AT_ONCE = 1_000;
/** What a waiting row takes on top of its texts. */
const BYTES_PER_ROW = 500;

export interface PointAssemblerOptions {
  readonly maxPointAgeMs: number;
  /** How long one time of a process waits for its other parts, from the first part on. */
  readonly holdMs: number;
  /** Receives Points, ordered by time within each boot. Must not throw. */
  readonly accept: (points: readonly Point[]) => void;
  readonly limits?: MemoryLimits;
}

/** Data points of one row, by result. */
export interface Taken {
  readonly accepted: number;
  /** Seen before, or older than what is known of that field of the process. */
  readonly repeated: number;
}

/** Where in its source a row came from. */
export interface Position {
  /**
   * Processes of one stretch are not compared with those of another: a partition of Kafka that comes back is read from
   * an earlier record on.
   */
  readonly stretch: string;
  /** From where the source is to be read on to see the row again; null: from its start. */
  readonly at: string | null;
}

interface From {
  readonly owner: string;
  readonly position?: Position | null;
}

interface Arrival {
  readonly bootKey: string;
  readonly nowMs: number;
  readonly position: Position | null;
}

/** One time of a process that may still lack parts. */
interface HeldRow {
  readonly row: PointRow;
  readonly of: ProcessMemory;
  readonly bootKey: string;
  readonly arrivedAtMs: number;
  readonly position: Position | null;
}

/**
 * Reassembles exports. An SDK may send one export in several requests, and a Collector may split and regroup it. New
 * values of a process at a time are merged, whatever their grouping and order. Values that were seen before (a sender
 * that lost our answer repeats them), and values older than the newest of their field, are counted and dropped.
 *
 * A time is passed on `holdMs` after its first part, so that the detector never takes the first half for the whole. A
 * part that arrives even later is passed on by itself, as a Point of the same time.
 */
export class PointAssembler {
  readonly #options: PointAssemblerOptions;
  readonly #limits: MemoryLimits;
  readonly #processes: ProcessMemories;
  /** In the order of arrival. */
  #held: HeldRow[] = [];
  #heldBytes = 0;
  #dataPointsSinceRelease = 0;
  #sweptAtMs = 0;

  constructor(options: PointAssemblerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? MEMORY_LIMITS;
    this.#processes = new ProcessMemories(this.#limits.maxProcessBytes);
  }

  /** How many processes are remembered. */
  get size(): number {
    return this.#processes.size;
  }

  /**
   * @param owner whose share of the memory the process takes
   * @param position where in its source the row came from; `heldPosition` returns it while the row waits
   */
  take(row: PointRow, nowMs: number, { owner, position = null }: From): Taken {
    const { boot, key } = row.process;
    const bootKey = bootKeyOf(boot);
    const memory = this.#processes.of(position === null ? key : `${key}\0${position.stretch}`, owner);
    memory.newestMs = Math.max(memory.newestMs, row.timeMs);
    const known = memory.heldAt(row.timeMs);
    const taken =
      known === undefined && isNewThroughout(row, memory)
        ? this.#takeWhole(memory, row, { bootKey, nowMs, position })
        : this.#takeParts(memory, row, { bootKey, nowMs, position });
    this.#dataPointsSinceRelease += taken.accepted;
    const { maxWaitingBytes, maxWaitingDataPoints } = this.#limits;
    if (this.#heldBytes > maxWaitingBytes || this.#dataPointsSinceRelease > maxWaitingDataPoints)
      this.#release(this.#held, []);
    return taken;
  }

  /** The usual case: the first part of an export, of which nothing is known yet. The row itself is kept. */
  #takeWhole(memory: ProcessMemory, row: PointRow, arrival: Arrival): Taken {
    this.#hold(memory, row, arrival);
    return { accepted: row.dataPoints, repeated: 0 };
  }

  #takeParts(memory: ProcessMemory, row: PointRow, arrival: Arrival): Taken {
    let accepted = 0;
    let repeated = 0;
    let late: PointRow | null = null;
    let fresh: PointRow | null = null;
    for (let field = 0; field < FIELDS.length; field++) {
      if (!row.has(field)) continue;
      const dataPoints = row.dataPointsOf(field);
      const knownMs = memory.timesMs[field] as number;
      let added = 0;
      if (row.timeMs > knownMs) {
        fresh ??= this.#heldRow(memory, row, arrival);
        added = fresh.takeField(field, row);
      } else if (row.timeMs === knownMs) {
        added = addLate(memory.sums[field], row.sumOf(field));
        if (added > 0) {
          late ??= new PointRow(row.process, row.timeMs);
          late.putSum(field, memory.sums[field] as SeriesSum);
          this.#processes.keepSeries(memory, added);
        }
      }
      accepted += added;
      repeated += dataPoints - added;
    }
    if (late !== null) this.#options.accept([late.point]);
    return { accepted, repeated };
  }

  /** Hands on what has waited long enough, the first of it first. Cheap where nothing has; returns whether more has. */
  settle(nowMs: number): boolean {
    this.#sweep(nowMs);
    const { holdMs } = this.#options;
    const isDue = ({ arrivedAtMs }: HeldRow) => Math.abs(nowMs - arrivedAtMs) >= holdMs;
    const [first] = this.#held;
    if (first === undefined || !isDue(first)) return false;
    const dueMs = new Map<string, number>();
    let rows = 0;
    for (const held of this.#held) {
      if (!isDue(held)) continue;
      if (rows === MAX_ROWS_AT_ONCE) break;
      rows++;
      dueMs.set(held.bootKey, Math.max(held.row.timeMs, dueMs.get(held.bootKey) ?? 0));
    }
    const due: HeldRow[] = [];
    const rest: HeldRow[] = [];
    // With what is older in the same boot, though it came later: the detector takes samples in the order of time.
    for (const held of this.#held) (held.row.timeMs <= (dueMs.get(held.bootKey) ?? -1) ? due : rest).push(held);
    this.#release(due, rest);
    const next = rest[0];
    return next !== undefined && isDue(next);
  }

  /** The earliest place in a stretch of which a row waits; `current` where none does. */
  heldPosition({ stretch, at }: Position): string | null {
    const first = this.#held.find(({ position }) => position?.stretch === stretch);
    return first === undefined ? at : (first.position?.at ?? null);
  }

  /** Drops the rows that wait of these stretches: they are read again, or by another actuator. */
  forget(isOver: (stretch: string) => boolean): void {
    const isDropped = ({ position }: HeldRow) => position !== null && isOver(position.stretch);
    for (const held of this.#held.filter(isDropped)) this.#letGo(held);
    this.#held = this.#held.filter((held) => !isDropped(held));
  }

  #letGo({ row, of }: HeldRow): void {
    of.letGo(row.timeMs);
    this.#heldBytes -= BYTES_PER_ROW + textBytesOf(row.process);
  }

  #heldRow(memory: ProcessMemory, row: PointRow, arrival: Arrival): PointRow {
    return memory.heldAt(row.timeMs) ?? this.#hold(memory, new PointRow(row.process, row.timeMs), arrival);
  }

  #hold(memory: ProcessMemory, row: PointRow, { bootKey, nowMs, position }: Arrival): PointRow {
    memory.hold(row);
    this.#heldBytes += BYTES_PER_ROW + textBytesOf(row.process);
    this.#held.push({ row, of: memory, bootKey, arrivedAtMs: nowMs, position });
    return row;
  }

  #release(due: readonly HeldRow[], rest: HeldRow[]): void {
    this.#held = rest;
    const inOrder = [...due].sort((a, b) => a.row.timeMs - b.row.timeMs || (processOf(a) < processOf(b) ? -1 : 1));
    this.#dataPointsSinceRelease = 0;
    for (const held of inOrder) {
      this.#letGo(held);
      this.#remember(held.of, held.row);
    }
    if (inOrder.length > 0) this.#options.accept(inOrder.map(({ row }) => row.point));
  }

  #remember(memory: ProcessMemory, row: PointRow): void {
    for (let field = 0; field < FIELDS.length; field++) {
      if (!row.has(field) || row.timeMs <= (memory.timesMs[field] as number)) continue;
      memory.timesMs[field] = row.timeMs;
      const sum = row.sumOf(field);
      // Mostly: then what is old already is kept, and the new one can go.
      if (sum !== undefined && memory.sums[field]?.replaceTotal(sum)) continue;
      const kept = (sum?.size ?? 0) - (memory.sums[field]?.size ?? 0);
      sum?.seal();
      memory.sums[field] = sum;
      this.#processes.keepSeries(memory, kept);
    }
  }

  /** Forgets processes once all that they could repeat is too old to be used anyway. */
  #sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#sweptAtMs) < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    this.#processes.sweep(nowMs - this.#options.maxPointAgeMs - SLACK_MS);
  }
}

function isNewThroughout(row: PointRow, { timesMs }: ProcessMemory): boolean {
  for (let field = 0; field < FIELDS.length; field++) {
    if (row.has(field) && row.timeMs <= (timesMs[field] as number)) return false;
  }
  return true;
}

function addLate(known: SeriesSum | undefined, late: SeriesSum | undefined): number {
  return known === undefined || late === undefined ? 0 : known.addAll(late);
}

function processOf({ row }: HeldRow): string {
  return row.process.processId;
}
