import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type {
  KafkaRecord,
  PartitionListener,
  PartitionReader,
  Progress,
} from '../../adapters/kafka/partition-reader.ts';
import type { Snapshot } from '../../detector/boot/snapshot.ts';
import { BadInputError, LedgerUnavailable } from '../../model/errors.ts';
import { LOCAL_SENDER } from '../../sources/ingest-tokens.ts';
import type { Intake } from '../../sources/intake.ts';
import type { DecodedRequest } from '../../sources/points/request-fold.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import { stepByStep } from '../loop/turns.ts';
import type { Refusals } from '../report/refusals.ts';
import { offsetToReadFrom, type SavedBoot } from './held-partitions.ts';
import type { Partitions } from './partitions.ts';

export interface PartitionOwnerParts {
  readonly partitions: Partitions;
  readonly reader: PartitionReader;
  readonly intake: Pick<Intake, 'take' | 'forget'>;
  readonly registry: BootRegistry;
  readonly refusals: Pick<Refusals, 'note'>;
  /** Throws `BadInputError`. */
  readonly decode: (value: Buffer | null) => DecodedRequest;
  /** What was saved of the boots of a partition. Throws `LedgerUnavailable`. */
  readonly load: (partition: number) => Promise<readonly Snapshot[]>;
  readonly maxPointAgeMs: number;
  /** Waits before something is tried again; settles early if it is aborted. Default: by a timer. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly host: Host;
}

const RETRY_MS = 1_000;

/** Where the snapshots of a partition's boots say that it must be read from. */
type SavedByPartition = ReadonlyMap<number, readonly SavedBoot[]>;

/**
 * Follows the partitions that the group gives this actuator. Each is read back by itself, boots first and then the
 * records since, so none waits for another.
 */
export class PartitionOwner implements PartitionListener {
  readonly #parts: PartitionOwnerParts;
  readonly #closed = new AbortController();

  constructor(parts: PartitionOwnerParts) {
    this.#parts = parts;
  }

  onHeld(partitions: readonly number[]): void {
    const { partitions: own } = this.#parts;
    const { added, dropped } = own.held.hold(partitions);
    for (const partition of dropped) this.#stop(partition);
    void this.#forgetBoots(dropped);
    for (const partition of added) void this.#open(partition);
  }

  onConfirmed(untilMs: number): void {
    this.#parts.partitions.held.confirm(untilMs);
  }

  onRecord({ partition, offset, value }: KafkaRecord): void {
    const { partitions, intake, decode } = this.#parts;
    partitions.during(partition, offset, () => {
      try {
        const request = decode(value);
        for (const { process } of request.rows) partitions.assign(process.boot, partition);
        intake.take(request, LOCAL_SENDER);
      } catch (error) {
        if (!(error instanceof BadInputError)) throw error;
        this.#refuse();
      }
    });
  }

  onSkipped(): void {
    this.#refuse();
  }

  onProgress(partition: number, { nextOffset, endOffset, newestMs }: Progress): void {
    const { clock } = this.#parts.host;
    const newestAgeMs = newestMs === null ? null : clock.now() - newestMs;
    this.#parts.partitions.held.note(partition, { nextOffset, endOffset, newestAgeMs }, clock.monotonic());
  }

  onOutOfRange(partition: number): void {
    void this.#open(partition);
  }

  /** Reports to the group up to which record the boots are saved. */
  async commit(): Promise<void> {
    const { partitions, reader, registry, maxPointAgeMs, host } = this.#parts;
    const saved = await stepByStep(savedByPartition(registry.entries(), partitions));
    const offsets = new Map<number, bigint>();
    for (const { partition, nextOffset } of partitions.list()) {
      const ofPartition = saved.get(partition) ?? [];
      const offset = offsetToReadFrom(ofPartition, host.clock.now() - maxPointAgeMs) ?? nextOffset;
      if (offset !== null) offsets.set(partition, offset);
    }
    // Nothing depends on this commit: the snapshots say where to begin. The next round commits again.
    await reader.commit(offsets).catch(() => undefined);
  }

  close(): void {
    this.#closed.abort();
  }

  #refuse(): void {
    this.#parts.refusals.note({ app: null, kind: 'record-unreadable', count: 1, offsetMs: null });
  }

  #stop(partition: number): void {
    const { reader, intake } = this.#parts;
    reader.stop(partition);
    intake.forget((stretch) => stretch.startsWith(`${partition}.`));
  }

  /** Of partitions that are not held, one in a turn: together they may have half of all boots. */
  async #forgetBoots(dropped: readonly number[]): Promise<void> {
    const { held } = this.#parts.partitions;
    for (const partition of dropped) {
      // One that is held again has begun with new boots.
      if (held.stretchOf(partition) !== null) continue;
      this.#release(partition);
      await nextTurn();
    }
  }

  #release(partition: number): void {
    const { partitions, registry } = this.#parts;
    // Once for each app: senders can name any number of process types.
    for (const [app, targets] of Map.groupBy(partitions.release(partition), (target) => target.app)) {
      const types = new Set(targets.map(({ processType }) => processType));
      registry.release(app, ({ processType }) => types.has(processType));
    }
  }

  /** Reads a partition back and follows it; starts again after the brokers or Redis were away. */
  async #open(partition: number): Promise<void> {
    const { partitions, reader, maxPointAgeMs, host } = this.#parts;
    this.#stop(partition);
    this.#release(partition);
    const stretch = partitions.held.restore(partition);
    const isCurrent = () => !this.#closed.signal.aborted && partitions.held.stretchOf(partition) === stretch;
    const saved = await this.#load(partition);
    if (!isCurrent()) return;
    const offset = this.#adopt(partition, saved ?? []);
    while (isCurrent()) {
      const notBeforeMs = host.clock.now() - maxPointAgeMs;
      const start = await reader.startOffset(partition, { offset, notBeforeMs }).catch(() => null);
      if (!isCurrent()) return;
      if (start !== null) {
        partitions.held.begin(partition, { offset: start, isRestored: saved !== null });
        reader.read(partition, start);
        break;
      }
      await this.#wait();
    }
    // Without Redis the partition is followed for advice. What was saved is read back once Redis answers.
    if (saved !== null) return;
    while (isCurrent() && (await this.#load(partition)) === null) await this.#wait();
    if (isCurrent()) await this.#open(partition);
  }

  /** The boots of a partition; null while Redis is away. */
  async #load(partition: number): Promise<readonly Snapshot[] | null> {
    try {
      return await this.#parts.load(partition);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      return null;
    }
  }

  /** The offset from which the partition must be read so that no boot lacks a point; null if no boot still reports. */
  #adopt(partition: number, snapshots: readonly Snapshot[]): bigint | null {
    const { partitions, registry, maxPointAgeMs, host } = this.#parts;
    const saved = [];
    for (const { boot, place } of snapshots) {
      if (place?.partition !== partition) continue;
      const offset = BigInt(place.offset);
      partitions.assign(boot.identity, partition);
      registry.adopt(boot, offset);
      saved.push({ offset, lastPointMs: boot.lastPointMs });
    }
    return offsetToReadFrom(saved, host.clock.now() - maxPointAgeMs);
  }

  #wait(): Promise<void> {
    return (this.#parts.wait ?? waitByTimer)(RETRY_MS, this.#closed.signal);
  }
}

/** Found in steps. A boot that comes meanwhile is not saved yet, so it would say nothing. */
function* savedByPartition(entries: readonly BootEntry[], partitions: Partitions): Generator<void, SavedByPartition> {
  const saved = new Map<number, SavedBoot[]>();
  for (const { boot, savedOffset } of entries) {
    yield;
    const partition = partitions.partitionOf(boot.identity);
    if (partition === null || savedOffset === null) continue;
    const ofPartition = saved.get(partition) ?? [];
    saved.set(partition, ofPartition);
    ofPartition.push({ offset: savedOffset, lastPointMs: boot.lastPointMs });
  }
  return saved;
}

function waitByTimer(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
