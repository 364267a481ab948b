import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { parseTarget, type Target } from '../model/target.ts';
import { type Admission, admit, errorBody } from './admission.ts';
import type { ActuatorControl, RestartRequestAnswer } from './control.ts';
import { showAttempt, showDecision, showDyno, showRefusal, showStanding } from './show.ts';

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
    const limit = readLimit(context);
    return context.json({ decisions: control.decisions(limit).map(showDecision) });
  });
  app.get('/api/attempts', async (context) => {
    const limit = readLimit(context);
    return context.json({ attempts: (await control.attempts(limit)).map(showAttempt) });
  });
  app.get('/api/status', (context) =>
    context.json({
      ...control.health(),
      platform_refuses: control.platformBlock(),
      targets: control.standings().map(showStanding),
      refused: control.refusals().map(showRefusal),
    }),
  );
}

function readLimit(context: Context): number {
  const limit = Number(context.req.query('limit') ?? 200);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw badRequest('limit is a whole number from 1 to 1000.');
  return limit;
}

function badRequest(message: string): HTTPException {
  return new HTTPException(400, { res: Response.json(errorBody('bad-request', message), { status: 400 }) });
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
  'ledger-hold': { status: 409, message: 'The ledger is new, so restarts are held for a while.' },
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
  const fault = () => badRequest('The body is {"target": "app:type"}, or empty for all targets.');
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
