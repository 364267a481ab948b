import { randomBytes } from 'node:crypto';
import { type Answer, failure, ok } from '../../src/testbed/dyno-manager/api/answer.ts';
import { appResource } from '../../src/testbed/dyno-manager/dyno/resources.ts';
import type { HostedApp } from './hosted-app.ts';
import type { AddOn } from './key-value-store.ts';

/**
 * The Platform API's calls that set up an app, in the form in which Heroku's CLI makes them. Dynos are the dyno
 * manager's.
 */

export interface SetupParts {
  readonly apps: Map<string, HostedApp>;
  /** By token: its scopes. */
  readonly tokens: Map<string, readonly string[]>;
  readonly create: (name: string) => Promise<HostedApp>;
}

export interface SetupRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
}

type Handler = (app: HostedApp, request: SetupRequest, name: string) => Answer | Promise<Answer>;

const created = (body: unknown): Answer => ({ status: 201, body });

const ON_APP: Readonly<Record<string, Handler>> = {
  'GET ': (app) => ok(appOf(app)),
  'GET addons': (app) => ok(app.addOns.map((one) => addOnOf(app, one))),
  'POST addons': async (app, { body }) => created(addOnOf(app, await app.addOn(String(body.plan)))),
  'GET features': (app, _, name) => ok(featureOf(app, name)),
  'PATCH features': (app, { body }, name) => {
    if (body.enabled === true) app.features.add(name);
    else app.features.delete(name);
    return ok(featureOf(app, name));
  },
  'GET config-vars': (app, { scopes }) => (scopes.includes('global') ? ok(app.config) : failure(403)),
  'PATCH config-vars': (app, { body, scopes }) => {
    if (!scopes.includes('global')) return failure(403);
    app.configure(body as Record<string, string | null>);
    return ok(app.config);
  },
  'GET releases': (app) => ok([{ version: app.app.release.version, status: 'succeeded', current: true }]),
  'GET collaborators': () => ok([]),
  'GET pipeline-couplings': () => failure(404),
  'POST dynos': (app, { body }) => created({ name: app.run(String(body.command)), command: body.command }),
};

/** Null: not a call about setting up. Nothing else is answered for an app that has been deleted. */
export async function setupAnswer(parts: SetupParts, request: SetupRequest): Promise<Answer | null> {
  const [root, appName = '', what = '', name = ''] = request.path.replace(/^\//, '').split('/');
  const { method, body } = request;
  if (root === 'account' && appName === 'features') return failure(404, { resource: 'feature' });
  if (request.path === '/oauth/authorizations') return method === 'POST' ? authorize(parts, body) : ok([]);
  if (method === 'POST' && request.path === '/apps') return created(appOf(await parts.create(String(body.name))));
  const app = parts.apps.get(appName);
  if (root !== 'apps' || app === undefined) return null;
  if (method === 'DELETE' && what === '') return remove(parts, app);
  return (await ON_APP[`${method} ${what}`]?.(app, request, name)) ?? null;
}

async function remove({ apps }: SetupParts, app: HostedApp): Promise<Answer> {
  apps.delete(app.name);
  await app.stop();
  return ok(appOf(app));
}

function authorize({ tokens }: SetupParts, { scope, description }: SetupRequest['body']): Answer {
  const token = `HRKU-${randomBytes(24).toString('hex')}`;
  const scopes = Array.isArray(scope) ? scope.map(String) : ['global'];
  tokens.set(token, scopes);
  return created({ id: token.slice(-8), description, scope: scopes, access_token: { token, expires_in: null } });
}

function appOf(app: HostedApp): object {
  return {
    ...appResource(app.app),
    web_url: `${app.router.url}/`,
    git_url: `https://git.heroku.com/${app.name}.git`,
    create_status: 'complete',
    repo_size: 0,
    slug_size: 0,
  };
}

function addOnOf(app: HostedApp, { plan, config }: AddOn): object {
  const [service] = plan.split(':');
  return {
    id: `${app.name}-${service}`,
    name: `${service}-of-${app.name}`,
    app: { name: app.name },
    addon_service: { name: service },
    plan: { name: plan, price: { cents: 1_500, unit: 'month', contract: false }, human_name: plan },
    billed_price: null,
    state: 'provisioned',
    config_vars: Object.keys(config),
  };
}

function featureOf(app: HostedApp, name: string): object {
  return { name, enabled: app.features.has(name), state: 'beta' };
}
