import type { Context } from 'hono';
import type { z } from 'zod';
import { VERSION } from '../shared/version.ts';
import { isReadOnly } from './admission.ts';
import type { ActuatorControl } from './control.ts';
import { type Handlers, ok, parseJson, refusal } from './handlers.ts';
import { openApiDocument } from './openapi.ts';
import { type Answer, Cursor, CurvePoints, Limit, type ROUTES } from './schema/routes.ts';
import { showAttempt, showAttemptDetail } from './show/attempt.ts';
import { showDecision } from './show/decision.ts';
import { showDetail, showDynoInList } from './show/dyno.ts';
import { type DynoPlace, placeOf } from './show/dyno-order.ts';
import { showJobs } from './show/jobs.ts';
import { showStatus } from './show/status.ts';
import type { DynoView } from './views.ts';

/** What is shown. */
export function reads(control: ActuatorControl): Omit<Handlers, 'restart' | 'pause' | 'resume' | 'herokuWebhook'> {
  const document = openApiDocument();
  return {
    health: () => ok({ status: 'ok' }),
    ready: () => {
      const { ready, leading, ledger, restarts } = control.health();
      return { status: ready ? 200 : 503, body: { ready, leading, ledger, restarts } };
    },
    openapi: () => ok(document),
    status: async (context) => ok({ ...(await showStatus(control, VERSION)), read_only: isReadOnly(context) }),
    dynos: (context) => dynosPage(control, context),
    dyno: (context) => {
      const { app = '', dyno = '' } = context.req.param();
      const detail = control.dyno(app, dyno);
      if (detail === null) return refusal(404, 'not-found', `No measurements of ${app} ${dyno} have arrived.`);
      return ok(showDetail(detail));
    },
    decisions: (context) => {
      const limit = numberIn(context, 'limit', Limit);
      return limit === null ? BAD_LIMIT : ok({ decisions: control.decisions(limit).map(showDecision) });
    },
    attempts: async (context) => {
      const limit = numberIn(context, 'limit', Limit);
      return limit === null ? BAD_LIMIT : ok({ attempts: (await control.attempts(limit)).map(showAttempt) });
    },
    attempt: async (context) => {
      const { id = '' } = context.req.param();
      const detail = await control.attempt(id);
      return detail === null
        ? refusal(404, 'not-found', `No attempt ${id} is known here.`)
        : ok(showAttemptDetail(detail));
    },
    jobs: async () => ok({ targets: (await control.jobs()).map(showJobs) }),
  };
}

function dynosPage(control: ActuatorControl, context: Context): Answer<typeof ROUTES.dynos> {
  const limit = numberIn(context, 'limit', Limit);
  const moments = numberIn(context, 'curve', CurvePoints);
  const after = cursorIn(context);
  if (limit === null) return BAD_LIMIT;
  if (moments === null) return refusal(400, 'bad-request', 'curve is a whole number from 0 to 120.');
  if (after === 'malformed') return refusal(400, 'bad-request', 'cursor is not one that this route gave.');
  const { shown, total, isEnd } = control.dynosAfter(after, limit);
  const last = shown.at(-1);
  return ok({
    dynos: shown.map((view) => showDynoInList(view, moments)),
    total,
    next_cursor: isEnd || last === undefined ? null : cursorOf(last),
  });
}

function cursorOf(view: DynoView): string {
  return Buffer.from(JSON.stringify(placeOf(view))).toString('base64url');
}

function cursorIn(context: Context): DynoPlace | null | 'malformed' {
  const text = context.req.query('cursor');
  if (text === undefined) return null;
  const value = Cursor.safeParse(text).success ? parseJson(Buffer.from(text, 'base64url').toString('utf8')) : undefined;
  if (!Array.isArray(value) || value.length !== 2) return 'malformed';
  const [app, dyno] = value;
  const isPlace = (app === null || typeof app === 'string') && typeof dyno === 'string';
  return isPlace ? [app, dyno] : 'malformed';
}

/** Null where the parameter is none of those allowed. */
function numberIn(context: Context, name: string, schema: z.ZodType<number>): number | null {
  const text = context.req.query(name);
  return schema.safeParse(text === undefined ? undefined : Number(text)).data ?? null;
}

const BAD_LIMIT = refusal(400, 'bad-request', 'limit is a whole number from 1 to 1000.');
