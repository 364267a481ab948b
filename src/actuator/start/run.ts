import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RedisState } from '../../adapters/redis/state.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import { decideEveryMs } from '../../decision/decide-every.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Intake } from '../../sources/intake.ts';
import type { Chronicle } from '../chronicle/chronicle.ts';
import { hearPassedWebhooks } from '../doors/heroku-webhooks.ts';
import type { OwnRecord } from '../group/own-record.ts';
import type { StandbyWatch } from '../group/standby-watch.ts';
import type { Host } from '../host.ts';
import { runLoop } from '../loop/loop.ts';
import { saveSnapshots } from '../loop/save-snapshots.ts';
import { tick } from '../loop/tick.ts';
import { stepByStep } from '../loop/turns.ts';
import { calmLog } from '../report/calm-log.ts';
import type { Assembled } from './assemble.ts';
import { type Connections, placeInStream } from './connections.ts';
import type { FollowedPartitions } from './follow-partitions.ts';
import { holdMsOfExports, type Measurements } from './measurements.ts';

export interface RunParts {
  readonly settings: ActuatorSettings;
  readonly measurements: Measurements;
  readonly assembled: Assembled;
  readonly connections: Pick<Connections, 'state' | 'reader'>;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: FollowedPartitions | null;
  readonly record: OwnRecord;
  readonly standby: StandbyWatch;
  readonly host: Host;
  /** Called after each round. */
  readonly onTick: () => Promise<void>;
}

/** The first tick waits no longer than this for Redis. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Tries for the lead and runs the loop, until the function that it returns has settled. */
export function run(parts: RunParts): () => Promise<void> {
  const { settings, measurements, connections, assembled, partitions, record, standby, host, onTick } = parts;
  const { intake, registry, jobs } = measurements;
  const reached = (boot: BootIdentity) => {
    if (partitions !== null) return partitions.reached(boot);
    const place = placeInStream(reader);
    return { pointsId: place === null ? null : intake.handedOnUpTo(place), place: null };
  };
  const { state, reader } = connections;
  const { tick: tickParts, standings, chronicle, summaries } = assembled;
  const { clock, log } = host;
  const calm = calmLog(log);
  const save = async () => {
    if (state === null || !state.available() || !tickParts.actor.leadership.leads()) return;
    const { snapshots, isLedInside } = state;
    const saving = { snapshots, isLedInside, permissions: settings.permissions, jobsOf: jobs.save.bind(jobs) };
    await saveSnapshots(registry.entries(), { ...saving, reached, log: calm });
    await partitions?.commit();
  };
  const keepOverLimit = overLimitKeeper();
  const show = async () => {
    const nowMs = clock.now();
    await chronicle.note(registry.byApp(), { nowMs, accepted: intake.counts().accepted });
    await stepByStep(jobs.prune(nowMs));
    await onTick();
    // Each of several on Kafka sees the dynos of its partitions.
    const leads = settings.sources.includes('kafka') || (state?.leader.isLeader() ?? true);
    await keepOverLimit(chronicle, state, { nowMs, leads });
  };
  const hears = settings.herokuWebhookSecret !== null && settings.sources.includes('kafka');
  const hear = () => hearPassedWebhooks(hears ? state : null, assembled.platform);
  const keepRecord = async () => {
    await record.save();
    await standby.look();
    assembled.platform?.budget.shareAmong(record.members);
  };
  const loop = runLoop({
    steps: [hear, () => tick(tickParts), save, () => standings.refresh(), show, keepRecord, () => summaries.look()],
    everyMs: decideEveryMs(settings.policy.windowMs),
    ready: untilConnected(state),
    log,
  });
  state?.leader.start();
  const settling = setInterval(() => void settleInTurns(intake), holdMsOfExports(settings) / 2);
  return async () => {
    // First of all, so that another leads while this one finishes what is under way.
    await state?.leader.stop();
    await loop.stop();
    await record.remove();
    clearInterval(settling);
  };
}

async function settleInTurns(intake: Pick<Intake, 'settle'>): Promise<void> {
  while (intake.settle()) await nextTurn();
}

const SAVE_EVERY_MS = 60_000;

/** What is saved is of all actuators, so one that takes the lead, or holds another's dynos now, knows it too. */
function overLimitKeeper() {
  let savedMs = Number.NEGATIVE_INFINITY;
  return async (
    { overLimit }: Pick<Chronicle, 'overLimit'>,
    state: RedisState | null,
    { nowMs, leads }: { readonly nowMs: number; readonly leads: boolean },
  ): Promise<void> => {
    if (state === null || !state.available() || !leads || Math.abs(nowMs - savedMs) < SAVE_EVERY_MS) return;
    savedMs = nowMs;
    const json = overLimit.merge(await state.reports.loadOverLimit(), nowMs);
    if (json !== null) await state.reports.saveOverLimit(json);
  };
}

/** Until Redis is connected, or for a moment: without it the loop observes and advises. */
async function untilConnected(state: RedisState | null): Promise<void> {
  if (state === null || state.available()) return;
  await new Promise<void>((resolve) => {
    state.onAvailable(resolve);
    setTimeout(resolve, CONNECT_TIMEOUT_MS).unref();
  });
}
