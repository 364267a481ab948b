import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { matchesAny, parseTarget, type Target, targetKey } from '../model/target.ts';
import { type Admission, admit } from './admission.ts';
import type { ActuatorControl, RestartRequestAnswer } from './control.ts';
import { openApiDocument } from './openapi.ts';
import { errorBody } from './schema/errors.ts';
import { type Answer, Limit, ROUTES, type Route, TargetRequest } from './schema/routes.ts';
import { showAttempt, showDecision, showDyno, showRefusal, showStanding } from './show.ts';

type Handler<R extends Route> = (context: Context) => Answer<R> | Promise<Answer<R>>;

/** One for each route: a route without one, or an answer that it does not declare, does not compile. */
type Handlers = { readonly [Name in keyof typeof ROUTES]: Handler<(typeof ROUTES)[Name]> };

/** A target and its braces take 250. */
const MAX_BODY_BYTES = 4096;
/** Characters. Heroku's longest are process types, of 128. */
const MAX_NAME_LENGTH = 200;

function tooLong(context: Context): Response {
  return context.json(errorBody('too-long', `The body is longer than ${MAX_BODY_BYTES} bytes.`), 413);
}

/** The actuator's HTTP interface, all but the ingest. */
export function createApi(control: ActuatorControl, admission: Admission): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    const isUnavailable = (error as { code?: unknown }).code === 'ledger-unavailable';
    const message = isUnavailable
      ? 'The ledger (Redis) did not answer. As far as is known nothing was changed; try again.'
      : 'The request could not be served.';
    return context.json(
      errorBody(isUnavailable ? 'ledger-unavailable' : 'internal', message),
      isUnavailable ? 503 : 500,
    );
  });
  app.notFound((context) =>
    context.json(errorBody('not-found', `There is nothing at ${context.req.path.slice(0, MAX_NAME_LENGTH)}.`), 404),
  );
  app.use('/api/*', admit(admission), bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLong }));
  const handlers = { ...reads(control), ...commands(control) } satisfies Handlers;
  for (const [name, handler] of Object.entries(handlers)) {
    const { method, path } = ROUTES[name as keyof typeof ROUTES];
    app.on(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), async (context) => {
      const { status, body } = await handler(context);
      return Response.json(body, { status });
    });
  }
  return app;
}

function reads(control: ActuatorControl): Omit<Handlers, 'restart' | 'pause' | 'resume'> {
  const document = openApiDocument();
  return {
    health: () => ok({ status: 'ok' }),
    ready: () => {
      const { ready, leading, ledger, restarts } = control.health();
      return { status: ready ? 200 : 503, body: { ready, leading, ledger, restarts } };
    },
    openapi: () => ok(document),
    status: () =>
      ok({
        ...control.health(),
        platform_refuses: control.platformBlock(),
        targets: control.standings().map(showStanding),
        refused: control.refusals().map(showRefusal),
      }),
    dynos: () => ok({ dynos: control.dynos().map(showDyno) }),
    dyno: (context) => {
      const { app, dyno } = dynoIn(context);
      const view = control.dynos().find(({ decision }) => decision.app === app && decision.dyno === dyno);
      const series = control.series(app, dyno);
      if (view === undefined || series === null)
        return refusal(404, 'not-found', `No measurements of ${app} ${dyno} have arrived.`);
      return ok({
        ...showDyno(view),
        series: series.map(([time_ms, usage_bytes]) => ({ time_ms, usage_bytes })),
      });
    },
    decisions: (context) => {
      const limit = limitIn(context);
      return limit === null ? BAD_LIMIT : ok({ decisions: control.decisions(limit).map(showDecision) });
    },
    attempts: async (context) => {
      const limit = limitIn(context);
      return limit === null ? BAD_LIMIT : ok({ attempts: (await control.attempts(limit)).map(showAttempt) });
    },
  };
}

function commands(control: ActuatorControl): Pick<Handlers, 'restart' | 'pause' | 'resume'> {
  return {
    restart: async (context) => {
      const { app, dyno } = dynoIn(context);
      const answer = await control.restart(app, dyno);
      if (answer.ok) return { status: 202, body: { attempt_id: answer.attemptId, dry_run: answer.dryRun } };
      const { status, message } = REFUSALS[answer.why];
      return refusal(status, answer.why, message);
    },
    pause: async (context) => {
      const target = await targetIn(context.req.raw);
      if (target === 'malformed') return BAD_TARGET;
      await control.pause(target);
      return ok({ paused: nameOf(target), known: isKnown(control, target) });
    },
    resume: async (context) => {
      const target = await targetIn(context.req.raw);
      if (target === 'malformed') return BAD_TARGET;
      await control.resume(target);
      return ok({ resumed: nameOf(target), known: isKnown(control, target) });
    },
  };
}

function ok<Body>(body: Body) {
  return { status: 200, body } as const;
}

function refusal<Status extends number>(status: Status, code: string, message: string) {
  return { status, body: errorBody(code, message) };
}

const BAD_LIMIT = refusal(400, 'bad-request', 'limit is a whole number from 1 to 1000.');
const BAD_TARGET = refusal(400, 'bad-request', 'The body is {"target": "app:type"}, or empty for all targets.');

function dynoIn(context: Context): { readonly app: string; readonly dyno: string } {
  const { app = '', dyno = '' } = context.req.param();
  // A longer name is no dyno's: what it begins with is not looked for.
  return app.length > MAX_NAME_LENGTH || dyno.length > MAX_NAME_LENGTH ? { app: '', dyno: '' } : { app, dyno };
}

function limitIn(context: Context): number | null {
  const text = context.req.query('limit');
  return Limit.safeParse(text === undefined ? undefined : Number(text)).data ?? null;
}

/** Null: all targets. */
async function targetIn(request: Request): Promise<Target | null | 'malformed'> {
  const text = await request.text();
  if (text.trim() === '') return null;
  const { data } = TargetRequest.safeParse(parseJson(text));
  if (data === undefined) return 'malformed';
  return data.target == null ? null : (parseTarget(data.target) ?? 'malformed');
}

/** Undefined where the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nameOf(target: Target | null): string {
  return target === null ? 'all' : targetKey(target);
}

/**
 * A dyno of it has reported, or the allow-list may mean it. A misspelt name is neither, and its pause would stop
 * nothing.
 */
function isKnown(control: ActuatorControl, target: Target | null): boolean {
  if (target === null) return true;
  const allowed = control.standings().map((standing) => standing.target);
  if (matchesAny(allowed, target, null)) return true;
  return control
    .dynos()
    .some(({ decision: { app, processType } }) => targetKey({ app: app ?? '', processType }) === targetKey(target));
}

type Refusal = Extract<RestartRequestAnswer, { ok: false }>['why'];

const REFUSALS: Readonly<Record<Refusal, { readonly status: 403 | 404 | 409 | 503; readonly message: string }>> = {
  'unknown-dyno': { status: 404, message: 'The platform lists no such dyno.' },
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
