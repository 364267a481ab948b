import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Outcome } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import { parseTarget, type Target } from '../core/target.ts';
import type { ClaimAnswer } from '../ports.ts';
import { type Admission, admit, errorBody } from './admission.ts';

/** One dyno as people see it. */
export interface DynoView {
  readonly decision: Decision;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  readonly completedJobs: number | null;
  readonly release: string | null;
}

interface DecisionRecord {
  readonly decision: Decision;
  /** How the attempt that followed ended; null where none followed or it is still open. */
  readonly outcome: Outcome | null;
}

/** `[time, usage]`, oldest first. */
type Series = readonly (readonly [timeMs: number, usageBytes: number])[];

export type RestartRequestAnswer =
  | { readonly ok: true; readonly attemptId: string; readonly dryRun: boolean }
  | {
      readonly ok: false;
      readonly why:
        | Extract<ClaimAnswer, { ok: false }>['why']
        | 'unknown-dyno'
        | 'not-allowed'
        | 'ledger-unavailable'
        | 'platform-unavailable';
    };

export interface Health {
  readonly ready: boolean;
  readonly leading: boolean;
  readonly ledger: 'available' | 'unavailable' | 'not-configured';
  /** Whether anything can be restarted at all now, and if not, why. */
  readonly restarts: string;
}

/** What the API shows and steers. */
export interface ActuatorControl {
  dynos(): readonly DynoView[];
  series(app: string, dyno: string): Series | null;
  decisions(count: number): readonly DecisionRecord[];
  restart(app: string, dyno: string): Promise<RestartRequestAnswer>;
  /** Null: all targets. Throws `LedgerUnavailable`. */
  pause(target: Target | null): Promise<void>;
  resume(target: Target | null): Promise<void>;
  health(): Health;
}

/** The actuator's HTTP interface, all but the ingest. */
export function createApi(control: ActuatorControl, admission: Admission): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    const unavailable = (error as { code?: unknown }).code === 'ledger-unavailable';
    const message = unavailable
      ? 'The ledger (Redis) did not answer; nothing was changed as far as is known.'
      : 'The request could not be served.';
    return context.json(errorBody(unavailable ? 'ledger-unavailable' : 'internal', message), unavailable ? 503 : 500);
  });
  app.notFound((context) => context.json(errorBody('not-found', `There is nothing at ${context.req.path}.`), 404));
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    const { ready, leading, ledger, restarts } = control.health();
    return context.json({ ready, leading, ledger, restarts }, ready ? 200 : 503);
  });
  app.use('/api/*', admit(admission));
  addReads(app, control);
  addCommands(app, control);
  return app;
}

function addReads(app: Hono, control: ActuatorControl): void {
  app.get('/api/dynos', (context) => context.json({ dynos: control.dynos().map(showDyno) }));
  app.get('/api/dynos/:app/:dyno', (context) => {
    const { app: appName, dyno } = context.req.param();
    const view = control.dynos().find((one) => one.decision.app === appName && one.decision.dyno === dyno);
    const series = control.series(appName, dyno);
    if (view === undefined || series === null)
      return context.json(errorBody('not-found', `No points of ${appName} ${dyno} have been seen.`), 404);
    return context.json({
      ...showDyno(view),
      series: series.map(([time_ms, usage_bytes]) => ({ time_ms, usage_bytes })),
    });
  });
  app.get('/api/decisions', (context) => {
    const limit = Number(context.req.query('limit') ?? 200);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      return context.json(errorBody('bad-request', 'limit is a whole number from 1 to 1000.'), 400);
    return context.json({ decisions: control.decisions(limit).map(showDecision) });
  });
}

function addCommands(app: Hono, control: ActuatorControl): void {
  app.post('/api/dynos/:app/:dyno/restart', async (context) => {
    const { app: appName, dyno } = context.req.param();
    const answer = await control.restart(appName, dyno);
    if (answer.ok) return context.json({ attempt_id: answer.attemptId, dry_run: answer.dryRun }, 202);
    return context.json(errorBody(answer.why, REFUSALS[answer.why].message), REFUSALS[answer.why].status);
  });
  app.post('/api/pause', async (context) => {
    const target = await readTarget(context.req.raw);
    await control.pause(target);
    return context.json({ paused: target === null ? 'all' : `${target.app}:${target.processType}` });
  });
  app.post('/api/resume', async (context) => {
    const target = await readTarget(context.req.raw);
    await control.resume(target);
    return context.json({ resumed: target === null ? 'all' : `${target.app}:${target.processType}` });
  });
}

type Refusal = Extract<RestartRequestAnswer, { ok: false }>['why'];

const REFUSALS: Readonly<Record<Refusal, { readonly status: 403 | 404 | 409 | 503; readonly message: string }>> = {
  'unknown-dyno': { status: 404, message: 'No such dyno is known, neither by its points nor to the platform.' },
  'not-allowed': { status: 403, message: 'The dyno is not on the allow-list (TIDEMARK_TARGETS).' },
  paused: { status: 409, message: 'Restarts are paused; resume them first.' },
  held: { status: 409, message: 'The ledger is new, so restarts are held for a while.' },
  'breaker-open': {
    status: 409,
    message: 'The breaker is open: the last restarts gave nothing back or failed. Resume to close it.',
  },
  budget: { status: 409, message: "The target's restarts of this hour are used up." },
  cooldown: { status: 409, message: 'The target is in its cooldown.' },
  'attempt-open': { status: 409, message: 'Another restart of this target is on its way.' },
  'boot-spent': { status: 409, message: 'This boot has been restarted already.' },
  'eviction-policy': {
    status: 409,
    message: 'The Redis of the ledger may evict keys (allkeys-*); set its maxmemory-policy to noeviction.',
  },
  'ledger-unavailable': {
    status: 503,
    message: 'The ledger (Redis) cannot be reached; without it nothing is restarted.',
  },
  'platform-unavailable': { status: 503, message: 'The platform cannot be read.' },
};

/** `{"target": "app:type"}`, or no body for all targets. */
async function readTarget(request: Request): Promise<Target | null> {
  const text = await request.text();
  if (text.trim() === '') return null;
  const fault = () =>
    new HTTPException(400, {
      res: Response.json(errorBody('bad-request', 'The body is {"target": "app:type"}, or empty for all targets.'), {
        status: 400,
      }),
    });
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw fault();
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fault();
  const { target, ...rest } = body as { readonly target?: unknown };
  if (Object.keys(rest).length > 0) throw fault();
  if (target === undefined || target === null) return null;
  const parsed = typeof target === 'string' ? parseTarget(target) : null;
  if (parsed === null) throw fault();
  return parsed;
}

function showDyno(view: DynoView): Record<string, unknown> {
  const { decision } = view;
  return {
    app: decision.app,
    dyno: decision.dyno,
    process_type: decision.processType,
    boot_id: decision.bootId,
    release: view.release,
    ...showVerdict(decision),
    completed_jobs: view.completedJobs,
    first_point_ms: view.firstPointMs,
    last_point_ms: view.lastPointMs,
    dry_run: decision.dryRun,
  };
}

function showDecision(record: DecisionRecord): Record<string, unknown> {
  const { decision, outcome } = record;
  return {
    time: new Date(decision.timeMs).toISOString(),
    time_ms: decision.timeMs,
    app: decision.app,
    dyno: decision.dyno,
    process_type: decision.processType,
    boot_id: decision.bootId,
    ...showVerdict(decision),
    dry_run: decision.dryRun,
    outcome,
  };
}

function showVerdict(decision: Decision): Record<string, unknown> {
  return {
    class: decision.class,
    action: decision.action,
    reason: decision.reason,
    explanation: decision.explanation,
    usage_bytes: decision.usageBytes,
    limit_bytes: decision.limitBytes,
    soft_limit_bytes: decision.softLimitBytes,
    hard_limit_bytes: decision.hardLimitBytes,
    floor_bytes: decision.floorBytes,
    reclaimable_bytes: decision.reclaimableBytes,
    time_to_limit_ms: decision.timeToLimitMs,
    active_jobs: decision.activeJobs,
  };
}
