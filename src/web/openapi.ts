import { z } from 'zod';
import { Attempt, AttemptDetail } from './schema/attempt.ts';
import { Decision } from './schema/decision.ts';
import { Check, Dyno, DynoDetail, DynoInList, PastBoot } from './schema/dyno.ts';
import { ApiError } from './schema/errors.ts';
import { EVENTS } from './schema/events.ts';
import { Curve, Mark, Suspect } from './schema/fields.ts';
import { Job, TargetJobs } from './schema/jobs.ts';
import { API_VERSION, ROUTES, type Route, TargetRequest } from './schema/routes.ts';
import { Group, Health, RefusedMeasurements, Status, TargetState } from './schema/status.ts';

/** The API as OpenAPI 3.1, generated from the schemas by which it answers. */

type Json = Readonly<Record<string, unknown>>;

/** Schemas with a name of their own in the document; all others are written where they are used. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Dyno,
  DynoInList,
  DynoDetail,
  Curve,
  Mark,
  Check,
  Suspect,
  PastBoot,
  Decision,
  Attempt,
  AttemptDetail,
  Job,
  TargetJobs,
  TargetState,
  Group,
  RefusedMeasurements,
  Health,
  Status,
  ResetEvent: EVENTS.reset,
  DynosEvent: EVENTS.dynos,
  StatusEvent: EVENTS.status,
  TargetRequest,
  Error: ApiError,
};

const STATUS_TEXTS: Readonly<Record<string, string>> = {
  200: 'OK',
  202: 'Accepted; it goes on after the answer',
  400: 'The request is malformed',
  401: 'The admin token is missing or wrong',
  403: 'Forbidden',
  404: 'Not found',
  413: 'The body is too long',
  409: 'Not possible now; the message says why',
  503: 'Not available now; the message says why',
  default: 'Any other refusal',
};

const INFO = {
  title: 'Tidemark actuator',
  version: API_VERSION,
  description:
    'Names are in snake case, times in Unix ms, memory in bytes. Receivers should ignore fields that they do ' +
    'not know.',
  license: { name: 'MIT', identifier: 'MIT' },
};

const SECURITY_SCHEMES = {
  adminToken: { type: 'http', scheme: 'bearer', description: 'TIDEMARK_ADMIN_TOKEN.' },
  adminPassword: {
    type: 'http',
    scheme: 'basic',
    description: 'Any user name; TIDEMARK_ADMIN_TOKEN as password.',
  },
  readToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'TIDEMARK_READ_TOKEN, also as the password of Basic. It reads, and steers nothing.',
  },
  herokuSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'Heroku-Webhook-Hmac-SHA256',
    description: 'Base64 of the HMAC-SHA256 of the raw body under TIDEMARK_WEBHOOK_SECRET.',
  },
  ingestToken: { type: 'http', scheme: 'bearer', description: 'A token of TIDEMARK_INGEST_TOKENS.' },
  drainToken: {
    type: 'http',
    scheme: 'basic',
    description: 'A token of TIDEMARK_INGEST_TOKENS as user or password, as in the URL of a log drain.',
  },
};

export function openApiDocument(): Json & { readonly openapi: string } {
  const schemas = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) schemas.add(schema, { id });
  // One conversion of everything, so that the routes refer to the named schemas.
  const inline = Object.entries(ROUTES).flatMap(([name, route]: [string, Route]) =>
    Object.entries(route.answers).map(([status, schema]) => [`${name}-${status}`, schema] as const),
  );
  for (const [id, schema] of inline) if (!schemas.has(schema)) schemas.add(schema, { id });
  const converted = z.toJSONSchema(schemas, { io: 'input', uri: (id) => `#/components/schemas/${id}` }).schemas;
  const schemaOf = (schema: z.ZodType): Json => {
    const id = schemas.get(schema)?.id ?? '';
    return id in NAMED ? { $ref: `#/components/schemas/${id}` } : bare(converted[id] ?? {});
  };
  return {
    openapi: '3.1.1',
    info: INFO,
    servers: [{ url: '/' }],
    security: [{ adminToken: [] }, { adminPassword: [] }, { readToken: [] }],
    paths: {
      '/v1/metrics': INGEST,
      '/v1/logplex': LOG_DRAIN,
      '/v1/logplex/{app}': LOG_DRAIN_OF_APP,
      '/': PAGE,
      '/page/{file}': PAGE_FILE,
      '/api/events': EVENT_STREAM,
      ...pathsOf(schemaOf),
    },
    components: {
      schemas: Object.fromEntries(Object.keys(NAMED).map((id) => [id, bare(converted[id] ?? {})])),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** Without what zod adds for documents that consist of one schema. */
function bare({ $schema: _dialect, $id: _id, ...schema }: Json): Json {
  return schema;
}

function pathsOf(schemaOf: (schema: z.ZodType) => Json): Json {
  const routes: readonly (readonly [string, Route])[] = Object.entries(ROUTES);
  const byPath = Map.groupBy(routes, ([, { path }]) => path);
  return Object.fromEntries(
    [...byPath].map(([path, all]) => [
      path,
      Object.fromEntries(all.map(([name, route]) => [route.method, operationOf(name, route, schemaOf)])),
    ]),
  );
}

function operationOf(name: string, route: Route, schemaOf: (schema: z.ZodType) => Json): Json {
  const { path, summary, isOpen, isSigned, query = {}, body, answers: declared } = route;
  const refusals = isOpen ? { default: ApiError } : { 401: ApiError, 403: ApiError, default: ApiError };
  const responses = Object.entries({ ...refusals, ...declared }).map(([status, schema]) => [
    status,
    { description: STATUS_TEXTS[status] ?? status, content: { 'application/json': { schema: schemaOf(schema) } } },
  ]);
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
      name: parameter,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query).map(([name, schema]) => ({
      name,
      in: 'query',
      schema: bare(z.toJSONSchema(schema, { io: 'input' })),
    })),
  ];
  return {
    operationId: name,
    summary,
    ...(isOpen ? { security: [] } : {}),
    ...(isSigned ? { security: [{ herokuSignature: [] }] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: false, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: Object.fromEntries(responses),
  };
}

const ADMITTED = { security: [{ adminToken: [] }, { adminPassword: [] }, { readToken: [] }] };

const PAGE: Json = {
  get: {
    operationId: 'page',
    summary: 'The page.',
    ...ADMITTED,
    responses: { 200: { description: STATUS_TEXTS[200], content: { 'text/html': {} } } },
  },
};

const PAGE_FILE: Json = {
  get: {
    operationId: 'pageFile',
    summary: 'A file of the page.',
    ...ADMITTED,
    parameters: [{ name: 'file', in: 'path', required: true, schema: { type: 'string' } }],
    responses: { 200: { description: STATUS_TEXTS[200] }, 304: { description: 'It has not changed' } },
  },
};

const refOf = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const EVENT_STREAM: Json = {
  get: {
    operationId: 'events',
    summary: 'What happens, as server-sent events.',
    description:
      'The events are reset, dynos, decision, attempt and status; the schemas of their data are ResetEvent, ' +
      'DynosEvent, Decision, Attempt and StatusEvent. Open the stream first, then read the lists: an event carries ' +
      'whole values, so applying one twice does no harm. Every event has an id: a stream that begins with ' +
      'Last-Event-ID continues there, or begins with reset. ' +
      'A comment comes every 15 s. A reader that is too slow is cut off.',
    ...ADMITTED,
    parameters: [{ name: 'Last-Event-ID', in: 'header', schema: { type: 'string' } }],
    responses: {
      200: { description: STATUS_TEXTS[200], content: { 'text/event-stream': {} } },
      503: {
        description: 'Too many streams are open: poll the lists instead',
        content: { 'application/json': { schema: refOf('Error') } },
      },
    },
  },
};

/** The schemas of what is taken in are not ours. */
const INGEST: Json = {
  post: {
    operationId: 'ingest',
    summary: 'Takes measurements as OTLP/HTTP, gzip or not. Served where TIDEMARK_SOURCE names otlp.',
    externalDocs: { url: 'https://opentelemetry.io/docs/specs/otlp/#otlphttp' },
    security: [{ ingestToken: [] }, {}],
    requestBody: {
      required: true,
      content: { 'application/x-protobuf': {}, 'application/json': { schema: { type: 'object' } } },
    },
    responses: {
      200: { description: 'Taken, in whole or in part: the body is an ExportMetricsServiceResponse.' },
      default: { description: 'Not taken: the body is a google.rpc.Status in the encoding of the request.' },
    },
  },
};

function logDrain(operationId: string, parameters: readonly Json[]): Json {
  return {
    post: {
      operationId,
      summary: 'Takes the lines of a Heroku log drain. Served where TIDEMARK_SOURCE names logplex.',
      description:
        'Octet-counted frames of syslog lines. The app is that of the token, or the one in the path. A frame with a ' +
        'Logplex-Frame-Id that was taken before is answered and left alone.',
      externalDocs: { url: 'https://devcenter.heroku.com/articles/log-drains' },
      security: [{ drainToken: [] }, { ingestToken: [] }, {}],
      ...(parameters.length === 0 ? {} : { parameters }),
      requestBody: { required: true, content: { 'application/logplex-1': { schema: { type: 'string' } } } },
      responses: {
        204: { description: 'Taken: what is no measurement, error, start or release of a dyno was skipped.' },
        default: { description: 'Not taken: the body says why.', content: { 'text/plain': {} } },
      },
    },
  };
}

const LOG_DRAIN = logDrain('logDrain', []);
const LOG_DRAIN_OF_APP = logDrain('logDrainOfApp', [
  { name: 'app', in: 'path', required: true, schema: { type: 'string' } },
]);
