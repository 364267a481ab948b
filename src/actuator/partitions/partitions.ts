import type { PartitionPlace } from '../../detector/boot/snapshot.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Clock } from '../../ports.ts';
import type { Position } from '../../sources/points/point-assembler.ts';
import { type HeldPartition, HeldPartitions } from './held-partitions.ts';

/** Its app may be unknown. */
export type OfTarget = Pick<BootIdentity, 'app' | 'processType'>;

/**
 * The partitions of Kafka that this actuator holds, and which targets come from each: all points of a target are in one
 * partition. Everything else asks here what this actuator may do.
 */
export class Partitions {
  readonly held: HeldPartitions;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #byTarget = new Map<string, { readonly target: OfTarget; readonly partition: number }>();
  #position: Position | null = null;

  /** @param windowMs for how long a partition that has caught up only advises */
  constructor(windowMs: number, clock: Pick<Clock, 'monotonic'>) {
    this.held = new HeldPartitions({ watchMs: windowMs });
    this.#clock = clock;
  }

  /** For people: what is held now, and how far each partition is. */
  list(): readonly HeldPartition[] {
    return this.held.list(this.#clock.monotonic());
  }

  /** Where the record came from that is taken now; null between records. */
  position(): Position | null {
    return this.#position;
  }

  /** Takes one record: `work` runs while `position` says where it came from. */
  during(partition: number, offset: bigint, work: () => void): void {
    const stretch = this.held.stretchOf(partition);
    if (stretch === null) return;
    this.#position = { stretch, at: String(offset) };
    try {
      work();
    } finally {
      this.#position = null;
      this.held.take(partition, offset + 1n);
    }
  }

  /** Points of this target come from the partition. */
  assign(target: OfTarget, partition: number): void {
    const key = keyOf(target);
    // Every measurement says it again.
    if (this.#byTarget.get(key)?.partition === partition) return;
    const { app, processType } = target;
    this.#byTarget.set(key, { target: { app, processType }, partition });
  }

  /** Forgets the targets of a partition, and returns them. */
  release(partition: number): readonly OfTarget[] {
    const ofPartition = [...this.#byTarget].filter(([, of]) => of.partition === partition);
    for (const [key] of ofPartition) this.#byTarget.delete(key);
    return ofPartition.map(([, { target }]) => target);
  }

  /** Forgets targets of which no boot is followed any more: senders can name any number of them. */
  keepOnly(targets: Iterable<OfTarget>): void {
    const kept = new Set<string>();
    let last: OfTarget | null = null;
    for (const target of targets) {
      // The boots of a target mostly follow one another, and there may be 100,000.
      if (target.app === last?.app && target.processType === last.processType) continue;
      kept.add(keyOf(target));
      last = target;
    }
    for (const key of this.#byTarget.keys()) if (!kept.has(key)) this.#byTarget.delete(key);
  }

  /** Null where the target comes from none that is held. */
  partitionOf(target: OfTarget): number | null {
    const partition = this.#byTarget.get(keyOf(target))?.partition;
    return partition === undefined || this.held.stretchOf(partition) === null ? null : partition;
  }

  /** Whether the consumer group knows this actuator: without it no measurement arrives. */
  isInGroup(): boolean {
    return this.held.isConfirmed(this.#clock.monotonic());
  }

  /** Whether this actuator follows the target, as far as it knows. */
  isHeld(target: OfTarget): boolean {
    const partition = this.partitionOf(target);
    return partition !== null && this.held.isHeld(partition, this.#clock.monotonic());
  }

  /** False: it only advises. */
  mayDecide(target: OfTarget): boolean {
    const partition = this.partitionOf(target);
    return partition !== null && this.held.mayDecide(partition, this.#clock.monotonic());
  }

  /**
   * The place up to which a boot's snapshot knows everything; null where it must not be saved: another actuator may
   * follow the boot, or its earlier snapshot was not read back yet.
   *
   * @param handedOn the earliest record of the stretch of which a point still waits, else the position given
   */
  placeOf(target: OfTarget, handedOn: (current: Position) => string | null): PartitionPlace | null {
    const partition = this.partitionOf(target);
    if (partition === null || !this.isHeld(target) || !this.held.isRestored(partition)) return null;
    const stretch = this.held.stretchOf(partition);
    const next = this.held.nextOffsetOf(partition);
    if (stretch === null || next === null) return null;
    return { partition, offset: handedOn({ stretch, at: String(next) }) ?? String(next) };
  }
}

function keyOf({ app, processType }: OfTarget): string {
  return `${app ?? ''}:${processType}`;
}
