import type { App } from '../api/app.ts';
import { sizeName } from '../api/app.ts';
import type { FormationSpec } from '../options.ts';
import type { Dyno } from './dyno.ts';
import { type DynoSize, findSize } from './dyno-sizes.ts';

/** The resources in the form of the Platform API's schema. */

/** Heroku's times carry no fraction of a second. */
function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function appResource(app: App): object {
  return {
    acm: false,
    archived_at: null,
    build_stack: { name: 'heroku-24' },
    created_at: time(app.createdAtMs),
    generation: { name: 'cedar' },
    id: app.id,
    maintenance: false,
    name: app.name,
    owner: { email: 'owner@example.com', id: ACCOUNT_ID },
    region: { name: 'us' },
    released_at: time(app.release.createdAtMs),
    space: null,
    stack: { name: 'heroku-24' },
    updated_at: time(app.release.createdAtMs),
    web_url: null,
  };
}

export function dynoResource(app: App, dyno: Dyno): object {
  const { identity, current } = dyno;
  return {
    attach_url: null,
    command: identity.command.join(' '),
    created_at: time(current.createdAtMs),
    id: current.id,
    name: identity.name,
    release: { id: app.release.id, version: current.releaseVersion },
    app: { name: app.name, id: app.id },
    size: identity.size.name,
    state: current.state,
    type: identity.type,
    updated_at: time(current.updatedAtMs),
  };
}

export function formationResource(app: App, entry: FormationSpec): object {
  const size = findSize(app.sizes, sizeName(entry));
  return {
    app: { name: app.name, id: app.id },
    command: entry.command.join(' '),
    created_at: time(app.createdAtMs),
    dyno_size: { name: size.name },
    id: `${app.id}:${entry.type}`,
    quantity: entry.quantity ?? 1,
    size: size.name,
    type: entry.type,
    updated_at: time(app.release.createdAtMs),
  };
}

export function dynoSizeResource(size: DynoSize): object {
  return {
    architecture: size.generation === 'fir' ? 'arm64' : 'amd64',
    compute: 1,
    cost: null,
    dedicated: size.privateSpaceOnly === true,
    dyno_units: 1,
    generation: { name: size.generation ?? 'cedar' },
    id: size.name.toLowerCase(),
    memory: size.memory,
    name: size.name,
    private_space_only: size.privateSpaceOnly === true,
  };
}

const ACCOUNT_ID = '01234567-89ab-4def-8123-456789abcdef';

export function accountResource(): object {
  return { email: 'machine@example.com', id: ACCOUNT_ID, name: null, two_factor_authentication: false, verified: true };
}
