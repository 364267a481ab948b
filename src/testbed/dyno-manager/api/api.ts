import type { DynoSize } from '../dyno/dyno-sizes.ts';
import { accountResource, appResource, dynoResource, dynoSizeResource, formationResource } from '../dyno/resources.ts';
import { type Answer, failure, ok } from './answer.ts';
import type { App } from './app.ts';
import type { RateLimit } from './rate-limit.ts';

export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  readonly range: string | undefined;
}

export interface ApiParts {
  readonly apps: readonly App[];
  readonly sizes: readonly DynoSize[];
  readonly token: string;
  /** What the token may do; without `write` every DELETE is refused. */
  readonly scopes: readonly string[];
  readonly tokenExpiresInS: number | null;
  readonly rateLimit: RateLimit;
  readonly unknownDyno: 'accepted' | 'not-found';
  /** Where app webhooks go; null: none are subscribed to. */
  readonly webhookUrl: string | null;
}

interface Route {
  readonly method: 'GET' | 'DELETE';
  /** `:x` stands for one path segment. */
  readonly pattern: string;
  /** Does not count against the rate limit. */
  readonly free?: boolean;
  readonly answer: (parts: ApiParts, names: readonly string[], range: string | undefined) => Answer;
}

const ROUTES: readonly Route[] = [
  { method: 'GET', pattern: '/account', answer: () => ok(accountResource()) },
  {
    method: 'GET',
    pattern: '/account/rate-limits',
    free: true,
    answer: (parts) => ok({ remaining: parts.rateLimit.remaining(Date.now()) }),
  },
  { method: 'GET', pattern: '/oauth/authorizations', answer: authorizations },
  { method: 'GET', pattern: '/dyno-sizes', answer: (parts) => ok(parts.sizes.map(dynoSizeResource)) },
  { method: 'GET', pattern: '/apps', answer: (parts, _, range) => appsPage(parts.apps, range) },
  { method: 'GET', pattern: '/apps/:app', answer: onApp((app) => ok(appResource(app))) },
  {
    method: 'GET',
    pattern: '/apps/:app/available-dyno-sizes',
    answer: onApp((_, parts) => ok(parts.sizes.filter((size) => size.generation !== 'fir').map(dynoSizeResource))),
  },
  {
    method: 'GET',
    pattern: '/apps/:app/formation',
    answer: onApp((app) => ok(app.formation.map((entry) => formationResource(app, entry)))),
  },
  {
    method: 'GET',
    pattern: '/apps/:app/formation/:type',
    answer: onApp((app, _, type) => {
      const entry = app.formation.find((candidate) => candidate.type === type);
      if (entry === undefined)
        return failure(404, { resource: 'formation', message: "Couldn't find that process type." });
      return ok(formationResource(app, entry));
    }),
  },
  {
    method: 'GET',
    pattern: '/apps/:app/dynos',
    answer: onApp((app) => ok(app.dynos.map((dyno) => dynoResource(app, dyno)))),
  },
  {
    method: 'GET',
    pattern: '/apps/:app/webhooks',
    answer: onApp((_, { webhookUrl: url }) =>
      ok(url === null ? [] : [{ url, include: ['api:dyno', 'dyno'], level: 'sync' }]),
    ),
  },
  { method: 'GET', pattern: '/apps/:app/dynos/:dyno', answer: onApp(dynoInfo) },
  { method: 'DELETE', pattern: '/apps/:app/dynos/:dyno', answer: onApp(restartOne) },
  { method: 'DELETE', pattern: '/apps/:app/dynos', answer: onApp(restartAll) },
];

/** One page by id, as `Range: id ]<id>..; max=2` asks for it; 206 and `Next-Range` where more follow. */
function appsPage(apps: readonly App[], range = ''): Answer {
  const [, after = '', max = '200'] = /^id (?:\](\S+))?\.\.(?:; max=(\d+))?/.exec(range) ?? [];
  const rest = apps.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = rest.slice(0, Math.min(1000, Number(max)));
  const last = page.at(-1);
  if (last === undefined || page.length === rest.length) return ok(page.map(appResource));
  return { status: 206, body: page.map(appResource), headers: { 'Next-Range': `id ]${last.id}..; max=${max}` } };
}

/** Only a token with the scope `global` may list tokens. */
function authorizations({ token, scopes, tokenExpiresInS }: ApiParts): Answer {
  if (!scopes.includes('global')) return failure(403, { message: 'Invalid scope' });
  return ok([{ id: 'authorization', scope: scopes, access_token: { token, expires_in: tokenExpiresInS } }]);
}

/** What the Platform API would answer. Nothing has happened yet: see `Answer.effect`. */
export function answerOf(parts: ApiParts, request: ApiRequest): Answer {
  const nowMs = Date.now();
  if (!isAuthorized(request.authorization, parts.token)) return failure(401);
  const match = findRoute(request);
  const charged = match.kind !== 'found' || match.route.free !== true;
  if (charged && !parts.rateLimit.take(nowMs)) return withRemaining(failure(429), 0);
  return withRemaining(routed(parts, request, match), parts.rateLimit.remaining(nowMs));
}

function routed(parts: ApiParts, request: ApiRequest, match: Match): Answer {
  if (!isAcceptable(request.accept)) return failure(406);
  if (match.kind === 'found' && !mayUse(match.route, parts.scopes)) return failure(403, { message: 'Invalid scope' });
  if (match.kind === 'found') return match.route.answer(parts, match.names, request.range);
  return failure(match.kind === 'other-method' ? 405 : 404);
}

function mayUse({ method }: Route, scopes: readonly string[]): boolean {
  if (scopes.includes('global')) return true;
  return scopes.includes('write') || (method === 'GET' && scopes.includes('read'));
}

function withRemaining(answer: Answer, remaining: number): Answer {
  return { ...answer, headers: { ...answer.headers, 'RateLimit-Remaining': String(remaining) } };
}

type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly names: readonly string[] }
  | { readonly kind: 'other-method' | 'none' };

function findRoute({ method, path }: ApiRequest): Match {
  // The real API ignores a slash at the end, so an empty dyno name reaches all dynos.
  const parts = path.replace(/\/+$/, '').split('/');
  let otherMethod = false;
  for (const route of ROUTES) {
    const names = namesIn(route.pattern.split('/'), parts);
    if (names === null) continue;
    if (route.method === method) return { kind: 'found', route, names };
    otherMethod = true;
  }
  return { kind: otherMethod ? 'other-method' : 'none' };
}

function namesIn(pattern: readonly string[], parts: readonly string[]): readonly string[] | null {
  if (pattern.length !== parts.length) return null;
  const names: string[] = [];
  for (const [index, wanted] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (wanted.startsWith(':')) names.push(decoded(part));
    else if (wanted !== part) return null;
  }
  return names;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Not a valid escape: used as it is, and not found.
  }
}

function onApp(answer: (app: App, parts: ApiParts, name: string) => Answer): Route['answer'] {
  return (parts, [appName = '', name = '']) => {
    const app = parts.apps.find((candidate) => candidate.name === appName || candidate.id === appName);
    if (app === undefined) return failure(404, { resource: 'app', message: "Couldn't find that app." });
    return answer(app, parts, name);
  };
}

function dynoInfo(app: App, _parts: ApiParts, nameOrId: string): Answer {
  const dyno = app.dynos.find((candidate) => candidate.identity.name === nameOrId || candidate.current.id === nameOrId);
  if (dyno === undefined) return failure(404, { resource: 'dyno', message: "Couldn't find that dyno." });
  return ok(dynoResource(app, dyno));
}

function restartOne(app: App, parts: ApiParts, name: string): Answer {
  app.record(name, 'restart-requested');
  if (app.dyno(name) === null && parts.unknownDyno === 'not-found') {
    return failure(404, { resource: 'dyno', message: "Couldn't find that dyno." });
  }
  return { status: 202, body: {}, effect: () => app.dyno(name)?.restart() };
}

function restartAll(app: App): Answer {
  app.record(null, 'restart-all-requested');
  return {
    status: 202,
    body: {},
    effect: () => {
      for (const dyno of app.dynos) dyno.restart();
    },
  };
}

function isAuthorized(header: string | undefined, token: string): boolean {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return value === token;
  if (!/^basic$/i.test(scheme)) return false;
  const credentials = Buffer.from(value, 'base64').toString();
  return credentials.slice(credentials.indexOf(':') + 1) === token;
}

/** The real API serves version 3 only if `Accept` names it, or accepts anything. */
function isAcceptable(accept: string | undefined): boolean {
  return accept === undefined || /\*\/\*|application\/json|application\/vnd\.heroku\+json;\s*version=3/.test(accept);
}
