import { Hono } from 'hono';
import type { RedisState } from '../../adapters/redis/state.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { Target, TargetKey } from '../../model/target.ts';
import { BodiesInFlight } from '../../sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../sources/decode-queue.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../../sources/limits.ts';
import { createLogplexSource, type LogplexSource } from '../../sources/logplex/logplex-http.ts';
import { createOtlpSource, type OtlpSource } from '../../sources/otlp/otlp-http.ts';
import { createApi } from '../../web/api.ts';
import type { ActuatorControl } from '../../web/control.ts';
import { createLive, type Live } from '../../web/events/live.ts';
import { remoteAddress } from '../../web/http-server.ts';
import { readPageFiles } from '../../web/page-files.ts';
import { answerForAll } from '../group/answer-for-all.ts';
import { OtherActuators } from '../group/other-actuators.ts';
import type { OwnRecord } from '../group/own-record.ts';
import type { Host } from '../host.ts';
import type { Suspects } from '../loop/claims.ts';
import { sharedWhileRunning } from '../loop/turns.ts';
import type { RefusalKind } from '../report/refusals.ts';
import { restartForPerson } from '../restart/person-restart.ts';
import type { Assembled } from '../start/assemble.ts';
import type { FollowedPartitions } from '../start/follow-partitions.ts';
import type { Measurements } from '../start/measurements.ts';
import { overview } from '../views/overview.ts';
import { createSteering, createViews, dynoParts } from './control.ts';
import { healthOf } from './health.ts';
import { createHerokuWebhooks } from './heroku-webhooks.ts';

export interface DoorParts {
  readonly settings: ActuatorSettings;
  readonly measurements: Measurements;
  readonly assembled: Assembled;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: Pick<FollowedPartitions, 'isInGroup'> | null;
  /** Whether the state was read back: before that no measurements are taken. */
  readonly isRestored: () => boolean;
  /** What commands over HTTP need where no admin token is set. */
  readonly startToken: string;
  /** Null where no Redis is configured. */
  readonly state: RedisState | null;
  readonly record: OwnRecord;
  readonly host: Host;
}

export interface Doors {
  readonly app: Hono;
  /** Notified of what happens. */
  readonly live: Live;
}

const NO_OTLP = 'No points are taken over HTTP: TIDEMARK_SOURCE does not name otlp.\n';
const NO_LOGS = 'No log lines are taken: TIDEMARK_SOURCE does not name logplex.\n';

/** Everything that the actuator answers over HTTP. */
export function openDoors(parts: DoorParts): Doors {
  const { settings, startToken } = parts;
  const { adminToken, readToken, publicUrl } = settings;
  const { refusals } = parts.measurements;
  const shared = { inFlight: new BodiesInFlight(FLIGHT_LIMITS), queue: new DecodeQueue(DECODE_LIMITS) };
  const otlp = openOtlp(parts, shared);
  const logs = openLogs(parts, shared);
  const app = new Hono();
  app.all('/v1/metrics', async (context) => {
    const response = await answer(otlp, context.req.raw, remoteAddress(context));
    const kind = REFUSED[response.status];
    if (kind !== undefined) refusals.note({ app: null, kind, count: 1, offsetMs: null });
    return response;
  });
  app.all('/v1/logplex/:app?', async (context) => {
    if (logs !== null) return logs.handle(context.req.raw, context.req.param('app') ?? null, remoteAddress(context));
    refusals.note({ app: null, kind: 'log-not-taken', count: 1, offsetMs: null });
    return new Response(NO_LOGS, { status: 404 });
  });
  app.use(async (context, next) => {
    // Senders whose endpoint is one path segment too long or too short get here.
    if (context.req.method === 'POST' && !/^\/(api|webhooks)\//.test(context.req.path))
      refusals.note({ app: null, kind: 'wrong-path', count: 1, offsetMs: null });
    return next();
  });
  const others = othersOf(parts);
  const control = createControl(parts, others);
  const live = createLive(control);
  const admission = { adminToken, readToken, startToken, publicUrl, remoteAddress };
  const api = createApi({
    control,
    admission,
    page: readPageFiles(),
    events: live.answer,
    refresh: async () => others?.refresh(),
  });
  // Not by `route`, which leaves out what the API answers to an unknown path.
  app.all('*', (context) => api.fetch(context.req.raw, context.env));
  return { app, live };
}

/** Statuses that only a person can do something about. 503 passes by itself. */
const REFUSED: Readonly<Record<number, RefusalKind>> = {
  400: 'unreadable',
  401: 'no-token',
  403: 'only-this-machine',
  404: 'not-over-http',
  413: 'too-large',
  415: 'unreadable',
};

async function answer(otlp: OtlpSource | null, request: Request, address: string | undefined): Promise<Response> {
  return otlp === null ? new Response(NO_OTLP, { status: 404 }) : otlp.handle(request, address);
}

/** What both ways in hold together. */
interface Room {
  readonly inFlight: BodiesInFlight;
  readonly queue: DecodeQueue;
}

/** Null where no measurements are taken over HTTP. */
function openOtlp(parts: DoorParts, room: Room): OtlpSource | null {
  const { settings, measurements } = parts;
  if (!settings.sources.includes('otlp')) return null;
  return createOtlpSource({
    tokens: settings.ingestTokens,
    intake: measurements.intake,
    metricMap: settings.metricMap,
    ready: readiness(parts),
    ...room,
  });
}

/** Null where no log lines are taken. */
function openLogs(parts: DoorParts, room: Room): LogplexSource | null {
  const { settings, measurements, assembled } = parts;
  if (!settings.sources.includes('logplex')) return null;
  return createLogplexSource({
    tokens: settings.ingestTokens,
    intake: measurements.intake,
    ready: readiness(parts),
    onQuotaErrors: (errors) => assembled.chronicle.quotaErrors.note(errors),
    onRefused: (kind, app) => measurements.refusals.note({ app, kind, count: 1, offsetMs: null }),
    ...room,
  });
}

function readiness({ assembled, isRestored }: DoorParts): () => boolean {
  const { leadership } = assembled.tick.actor;
  return () => isRestored() && leadership.leads();
}

/** Null where no Redis is configured. */
function othersOf({ settings, state, record, host }: DoorParts): OtherActuators | null {
  return state === null ? null : new OtherActuators({ own: record, state, settings, host });
}

/** Null where this actuator follows all dynos. */
function passer({ settings, state }: DoorParts): ((body: string) => void) | null {
  if (state === null || !settings.sources.includes('kafka')) return null;
  // Where Redis is away, those that follow the app read it when its next dyno reports.
  return (body) => void state.webhooks.pass(body).catch(() => undefined);
}

function createControl(parts: DoorParts, others: OtherActuators | null): ActuatorControl {
  const { settings, measurements, assembled, partitions, isRestored, record, host } = parts;
  const { registry, refusals, jobs } = measurements;
  const { clock, log } = host;
  const { tick, history, mode, platform, standings, chronicle } = assembled;
  const { ledgers, fleet } = tick;
  const { leadership } = tick.actor;
  const startedAtMs = clock.now();
  const { permissions } = settings;
  const health = { ledgers, platform, leadership, standings, partitions, isRestored };
  const leads = () => leadership.leads();
  const secret = settings.herokuWebhookSecret;
  const herokuWebhooks = createHerokuWebhooks({ secret, platform, leads, pass: passer(parts) });
  const suspects: Suspects = (boot, count) => jobs.suspects(boot, count);
  const theirs = {
    holderOf: (target: Target) => others?.holderOf(target) ?? null,
    decisionOf: (app: string, dyno: string) => others?.reading.control?.dyno(app, dyno)?.view.decision ?? null,
  };
  const restart = (app: string, dyno: string) =>
    restartForPerson({ mode, permissions, registry, suspects, others: theirs }, app, dyno);
  const views = { registry, history, ledgers, standings, fleet, leadership, chronicle, jobs, clock };
  const isCounted = (target: TargetKey) => others?.reading.holders.has(target) !== true;
  const own: ActuatorControl = {
    ...createViews(views),
    ...createSteering({ ledgers, standings, restart, publish: assembled.publish, clock, log }),
    health: () => healthOf(health),
    refusals: () => refusals.list(),
    herokuWebhooks,
    overview: sharedWhileRunning(() =>
      overview({
        settings,
        dynos: dynoParts(views),
        standings,
        overLimit: chronicle.overLimit,
        meter: chronicle.meter,
        mode,
        platform,
        startedAtMs,
        isCounted,
      }),
    ),
  };
  return others === null ? own : answerForAll(own, { own: () => record.now(), others: () => others.reading, clock });
}
