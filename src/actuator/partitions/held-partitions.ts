/** What is done with a partition that this actuator holds. */
export type PartitionPhase =
  /** The boots are read back from Redis. */
  | 'restoring'
  /** The records written since are read. */
  | 'catching-up'
  /** Everything is known; for one window the actuator only advises. */
  | 'watching'
  | 'deciding';

/** A partition that this actuator holds, for people. */
export interface HeldPartition {
  readonly partition: number;
  readonly phase: PartitionPhase;
  /** The offset of the record that is read next; null while the boots are read back. */
  readonly nextOffset: bigint | null;
  /** Records that are written and not read; null while that is unknown. */
  readonly lag: bigint | null;
}

export interface HeldPartitionsOptions {
  /** For how long a partition that has caught up only advises, ms. */
  readonly watchMs: number;
}

/** How far one answer of the brokers reached. */
export interface ReadProgress {
  readonly nextOffset: bigint;
  readonly endOffset: bigint;
  /** The age of the newest record in the answer, ms; null if it had none. */
  readonly newestAgeMs: number | null;
}

interface Held {
  /** Another value each time the partition is read back: a late result of an earlier read is then recognised. */
  readonly stretch: string;
  /** False while Redis could not say what was saved of its boots. */
  isRestored: boolean;
  nextOffset: bigint | null;
  endOffset: bigint | null;
  caughtUpAtMs: number | null;
}

/**
 * Which partitions this actuator holds, and what it may do with each. Pure: no clock, no I/O. Times are monotonic, ms.
 * Kafka's word on who holds what may be late, so this only says when to keep still; that no dyno is restarted twice
 * rests on the ledger.
 */
export class HeldPartitions {
  readonly #watchMs: number;
  readonly #held = new Map<number, Held>();
  #confirmedUntilMs = Number.NEGATIVE_INFINITY;
  #stretches = 0;

  constructor({ watchMs }: HeldPartitionsOptions) {
    this.#watchMs = watchMs;
  }

  /** Takes the whole list, and returns what has changed. The others are not touched. */
  hold(partitions: readonly number[]): { readonly added: readonly number[]; readonly dropped: readonly number[] } {
    const dropped = [...this.#held.keys()].filter((partition) => !partitions.includes(partition));
    const added = partitions.filter((partition) => !this.#held.has(partition));
    for (const partition of dropped) this.#held.delete(partition);
    for (const partition of added) this.restore(partition);
    return { added, dropped };
  }

  /** Begins a partition, or begins it again; its new stretch. */
  restore(partition: number): string {
    const stretch = `${partition}.${++this.#stretches}`;
    this.#held.set(partition, { stretch, isRestored: false, nextOffset: null, endOffset: null, caughtUpAtMs: null });
    return stretch;
  }

  /** The partition is read from this offset on, and its boots are restored. */
  begin(partition: number, { offset, isRestored }: { readonly offset: bigint; readonly isRestored: boolean }): void {
    const held = this.#held.get(partition);
    if (held === undefined) return;
    held.nextOffset = offset;
    held.isRestored = isRestored;
  }

  /** A record was taken: the next one has this offset. */
  take(partition: number, nextOffset: bigint): void {
    const held = this.#held.get(partition);
    if (held !== undefined) held.nextOffset = nextOffset;
  }

  note(partition: number, { nextOffset, endOffset, newestAgeMs }: ReadProgress, nowMs: number): void {
    const held = this.#held.get(partition);
    if (held === undefined) return;
    held.nextOffset = nextOffset;
    held.endOffset = endOffset;
    if (nextOffset >= endOffset) held.caughtUpAtMs ??= nowMs;
    else if (newestAgeMs !== null && newestAgeMs > this.#watchMs) held.caughtUpAtMs = null;
  }

  /** The group counts this actuator in until then. */
  confirm(untilMs: number): void {
    this.#confirmedUntilMs = Math.max(this.#confirmedUntilMs, untilMs);
  }

  /** Whether the group counts this actuator in, with partitions or without. */
  isConfirmed(nowMs: number): boolean {
    return nowMs < this.#confirmedUntilMs;
  }

  /** Null if the partition is not held. */
  stretchOf(partition: number): string | null {
    return this.#held.get(partition)?.stretch ?? null;
  }

  /** Null if the partition is not held, or not read yet. */
  nextOffsetOf(partition: number): bigint | null {
    return this.#held.get(partition)?.nextOffset ?? null;
  }

  isRestored(partition: number): boolean {
    return this.#held.get(partition)?.isRestored ?? false;
  }

  /** Whether this actuator may act on the partition. False after a long suspension: another may hold it by then. */
  isHeld(partition: number, nowMs: number): boolean {
    return this.#held.has(partition) && this.isConfirmed(nowMs);
  }

  mayDecide(partition: number, nowMs: number): boolean {
    const held = this.#held.get(partition);
    return held !== undefined && this.isHeld(partition, nowMs) && this.#phaseOf(held, nowMs) === 'deciding';
  }

  list(nowMs: number): readonly HeldPartition[] {
    return [...this.#held]
      .map(([partition, held]) => ({
        partition,
        phase: this.#phaseOf(held, nowMs),
        nextOffset: held.nextOffset,
        lag: lagOf(held),
      }))
      .sort((a, b) => a.partition - b.partition);
  }

  #phaseOf({ isRestored, nextOffset, caughtUpAtMs }: Held, nowMs: number): PartitionPhase {
    if (nextOffset === null || !isRestored) return 'restoring';
    if (caughtUpAtMs === null) return 'catching-up';
    return nowMs - caughtUpAtMs < this.#watchMs ? 'watching' : 'deciding';
  }
}

function lagOf({ nextOffset, endOffset }: Held): bigint | null {
  if (nextOffset === null || endOffset === null) return null;
  return endOffset > nextOffset ? endOffset - nextOffset : 0n;
}

/** A boot as it was saved. */
export interface SavedBoot {
  readonly offset: bigint;
  /** Unix ms. */
  readonly lastPointMs: number;
}

/**
 * From where a partition must be read so that no boot of it lacks anything: the earliest offset of those that still
 * report. What is committed, and where the next holder begins. Null where none reports.
 *
 * @param reportingSinceMs a boot whose last point is older (Unix ms) has ended, or its next points would be too old
 */
export function offsetToReadFrom(saved: Iterable<SavedBoot>, reportingSinceMs: number): bigint | null {
  let first: bigint | null = null;
  for (const { offset, lastPointMs } of saved) {
    if (lastPointMs >= reportingSinceMs && (first === null || offset < first)) first = offset;
  }
  return first;
}
