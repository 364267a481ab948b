import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { type Admission, admit } from './admission.ts';
import { commands } from './commands.ts';
import type { ActuatorControl } from './control.ts';
import { type Handlers, MAX_NAME_LENGTH } from './handlers.ts';
import type { PageFiles } from './page-files.ts';
import { reads } from './reads.ts';
import { errorBody } from './schema/errors.ts';
import { ROUTES } from './schema/routes.ts';
import { webhooks } from './webhooks.ts';

export interface ApiParts {
  readonly control: ActuatorControl;
  readonly admission: Admission;
  readonly page: PageFiles;
  /** Answers `/api/events`; null where nobody publishes anything. */
  readonly events: ((context: Context) => Promise<Response>) | null;
  /** Called, and waited for, before an answer that shows something; it must not reject. Default: nothing to do. */
  readonly refresh?: () => Promise<void>;
}

/** A target and its braces take 250. */
const MAX_BODY_BYTES = 4096;

function tooLong(context: Context): Response {
  return context.json(errorBody('too-long', `The body is longer than ${MAX_BODY_BYTES} bytes.`), 413);
}

/** The actuator's HTTP interface, all but the ingest. */
export function createApi({ control, admission, page, events, refresh }: ApiParts): Hono {
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
  const guard = admit(admission);
  app.use('/', guard);
  app.use('/page/*', guard);
  app.use('/api/*', guard, bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLong }));
  // The page's own files are compressed already, and events must not wait for more of them.
  app.use('/api/*', compress());
  app.use('/api/*', async (_, next) => {
    await refresh?.();
    return next();
  });
  app.get('/', (context) => page.index(context.req.raw));
  app.get('/page/*', (context) => {
    const name = context.req.path.slice('/page/'.length);
    return page.file(name, context.req.raw) ?? context.notFound();
  });
  if (events !== null) app.get('/api/events', events);
  const handlers = { ...reads(control), ...commands(control), ...webhooks(control) } satisfies Handlers;
  for (const [name, handler] of Object.entries(handlers)) {
    const { method, path } = ROUTES[name as keyof typeof ROUTES];
    app.on(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1'), async (context) => {
      const { status, body } = await handler(context);
      return Response.json(body, { status, headers: NOT_KEPT });
    });
  }
  refuseOtherMethods(app);
  return app;
}

/** Answers 405 at a path that is served by another method: a 404 would say that the path is wrong. */
function refuseOtherMethods(app: Hono): void {
  const served = Map.groupBy(
    app.routes.filter(({ method }) => method !== 'ALL'),
    ({ path }) => path,
  );
  for (const [path, routes] of served) {
    const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    app.all(path, (context) =>
      context.json(errorBody('method-not-allowed', `Here only ${methods} is served.`), 405, { allow: methods }),
    );
  }
}

/** Memory changes all the time, and only those with a token may see it: no cache keeps an answer. */
const NOT_KEPT = { 'cache-control': 'no-store' };
