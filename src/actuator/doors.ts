import { Hono } from 'hono';
import type { ActuatorSettings } from '../config/resolve.ts';
import type { Intake } from '../sources/intake.ts';
import { createOtlpSource, type OtlpSource } from '../sources/otlp/otlp-http.ts';
import { createApi } from '../web/api.ts';
import { remoteAddress } from '../web/http-server.ts';
import { createControl } from './control.ts';
import type { ActuatorParts } from './parts.ts';
import type { RefusalKind, Refusals } from './report/refusals.ts';
import type { Standings } from './report/standings.ts';

export interface Doors {
  readonly settings: ActuatorSettings;
  readonly parts: ActuatorParts;
  readonly intake: Intake;
  readonly refusals: Refusals;
  readonly standings: Standings;
  /** Whether the state was read back: before that no points are taken. */
  readonly isRestored: () => boolean;
}

const NO_OTLP = 'No points are taken over HTTP: TIDEMARK_SOURCE is "redis".\n';

/** Everything that the actuator answers over HTTP. */
export function createDoors({ settings, parts, intake, refusals, standings, isRestored }: Doors): Hono {
  const source = settings.sources.includes('otlp')
    ? createOtlpSource({ tokens: settings.ingestTokens, intake, ready: () => isRestored() && parts.leads() })
    : null;
  const app = new Hono();
  app.all('/v1/metrics', async (context) => {
    const response = await answer(source, context.req.raw, remoteAddress(context));
    const kind = REFUSED[response.status];
    if (kind !== undefined) refusals.note({ app: null, kind, count: 1, offsetMs: null });
    return response;
  });
  app.use(async (context, next) => {
    // An endpoint that is one path too long or too short leads to here.
    if (context.req.method === 'POST' && !context.req.path.startsWith('/api/'))
      refusals.note({ app: null, kind: 'wrong-path', count: 1, offsetMs: null });
    return next();
  });
  const control = createControl({ parts, refusals, standings, isRestored });
  app.route('/', createApi(control, { adminToken: settings.adminToken, remoteAddress }));
  return app;
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

async function answer(source: OtlpSource | null, request: Request, address: string | undefined): Promise<Response> {
  if (source === null) return new Response(NO_OTLP, { status: 404 });
  return source.handle(request, address);
}
