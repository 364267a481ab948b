import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ActuatorSettings } from '../../config/resolve.ts';
import { targetKey } from '../../model/target.ts';
import type { Clock } from '../../ports.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import { OwnRecord } from '../group/own-record.ts';
import { namedPatterns, StandbyWatch } from '../group/standby-watch.ts';
import type { Host } from '../host.ts';
import { Partitions } from '../partitions/partitions.ts';
import { type Assembled, assemble } from './assemble.ts';
import type { Closers } from './closers.ts';
import { type Connections, openConnections, placeInStream } from './connections.ts';
import type { EmbeddedScope } from './embedded-scope.ts';
import { type FollowedPartitions, followPartitions } from './follow-partitions.ts';
import { createMeasurements, type Measurements } from './measurements.ts';
import { type Restoring, restoreState } from './restore.ts';

export const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export interface BeginInput {
  readonly settings: ActuatorSettings;
  /** Whether, and how often, the actuator's own metrics are exported. */
  readonly env: Environment;
  readonly host: Host;
  readonly closers: Closers;
  /** Of this actuator, for people: the dyno it runs in, where there is one. */
  readonly name: string | null;
  /** Set in an actuator inside a worker; null in the service. */
  readonly embedded: EmbeddedScope | null;
}

export interface Begun {
  readonly measurements: Measurements;
  readonly connections: Connections;
  readonly assembled: Assembled;
  readonly restoring: Restoring;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: FollowedPartitions | null;
  readonly record: OwnRecord;
  readonly standby: StandbyWatch;
}

/**
 * Until the state is read back from Redis, points are refused with 503 (their senders retry), for at most this long.
 */
const RESTORE_TIMEOUT_MS = 5_000;

/** Opens the connections, joins the parts, and begins to read the state back and to follow the points stream. */
export async function begin({ settings, env, host, closers, name, embedded }: BeginInput): Promise<Begun> {
  const { log } = host;
  const only = embedded?.target ?? null;
  const partitions = settings.sources.includes('kafka') ? new Partitions(settings.policy.windowMs, host.clock) : null;
  const inStream = () => placeInStream(connections.reader);
  const measurements = createMeasurements(settings, host, partitions === null ? inStream : () => partitions.position());
  const { intake, registry, jobs } = measurements;
  const connections = await openConnections(settings, { env, intake, jobs, log, closers, embedded });
  const { state, reader } = connections;
  const assembled = assemble({ settings, connections, measurements, partitions, host });
  const { mode, history } = assembled;
  closers.add(() => (mode.kind === 'act' ? mode.restarts.stop() : undefined));
  const { maxPointAgeMs } = settings.policy;
  const restoring = restoreState(
    { registry, history, only, withBoots: partitions === null, maxPointAgeMs, host },
    state,
    RESTORE_TIMEOUT_MS,
  );
  state?.leader.onLeading(() => void restoring.again());
  void restoring.pointsId.then((afterId) => reader?.start({ afterId, maxAgeMs: maxPointAgeMs }));
  const snapshots = state?.snapshots ?? null;
  const followed =
    partitions === null
      ? null
      : await followPartitions({ partitions, settings, measurements, snapshots, restoring, host });
  closers.add(() => followed?.close());
  const { fleet, actor } = assembled.tick;
  const allowed = namedPatterns(settings.permissions.allowed, settings.permissions.ownApp);
  const standby = new StandbyWatch({ allowed, leadership: actor.leadership, state, host });
  const record = new OwnRecord({
    id: randomUUID(),
    name: name ?? `${hostname()}:${process.pid}`,
    registry,
    fleet,
    leadership: actor.leadership,
    partitions: partitions === null ? null : () => partitions.list().map(({ partition }) => partition),
    state,
    clock: host.clock,
    allowed: allowed.map(targetKey),
  });
  return { measurements, connections, assembled, restoring, partitions: followed, record, standby };
}
