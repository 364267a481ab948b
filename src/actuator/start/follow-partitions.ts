import { createPartitionReader } from '../../adapters/kafka/partition-reader.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Snapshots } from '../../ports.ts';
import { createRecordDecoder } from '../../sources/kafka-records.ts';
import { vocabularyOf } from '../../sources/otlp/vocabulary.ts';
import type { Host } from '../host.ts';
import type { Reached } from '../loop/save-snapshots.ts';
import { PartitionOwner } from '../partitions/partition-owner.ts';
import type { Partitions } from '../partitions/partitions.ts';
import type { Measurements } from './measurements.ts';
import { type Restoring, snapshotsOf } from './restore.ts';

export interface FollowParts {
  readonly partitions: Partitions;
  readonly settings: ActuatorSettings;
  readonly measurements: Measurements;
  /** Null where no Redis is configured. */
  readonly snapshots: Snapshots | null;
  /** Reads back what was decided lately, so that it is not reported again. */
  readonly restoring: Pick<Restoring, 'again'>;
  readonly host: Host;
}

/** The way of measurements from Kafka, once it is followed. */
export interface FollowedPartitions {
  /** What the snapshot of a boot says; null: it must not be saved now. */
  reached(boot: BootIdentity): Reached | null;
  /** Whether the consumer group knows this actuator: without it no measurement arrives. */
  isInGroup(): boolean;
  /** After the snapshots were saved. Does not reject. */
  commit(): Promise<void>;
  close(): Promise<void>;
}

/** Joins the consumer group in the background. Null where no Kafka is configured. */
export async function followPartitions(parts: FollowParts): Promise<FollowedPartitions | null> {
  const { partitions, settings, measurements, snapshots, restoring, host } = parts;
  if (settings.kafka === null) return null;
  const { intake, registry, refusals } = measurements;
  const reader = await createPartitionReader(settings.kafka, (level, message) => host.log[level](message));
  const owner = new PartitionOwner({
    partitions,
    reader,
    intake,
    registry,
    refusals,
    decode: createRecordDecoder(vocabularyOf(settings.metricMap)),
    load: async (partition) => {
      if (snapshots === null) return [];
      const saved = await snapshotsOf(partition, snapshots, host.clock);
      await restoring.again();
      return saved;
    },
    maxPointAgeMs: settings.policy.maxPointAgeMs,
    host,
  });
  reader.start(owner);
  return {
    reached: (boot) => {
      const place = partitions.placeOf(boot, (current) => intake.handedOnUpTo(current));
      return place === null ? null : { pointsId: null, place };
    },
    isInGroup: () => partitions.isInGroup(),
    commit: async () => {
      partitions.keepOnly(registry.entries().map(({ boot }) => boot.identity));
      await owner.commit();
    },
    close: async () => {
      owner.close();
      await reader.close();
    },
  };
}
