import { BadInputError, ConfigError, TidemarkError } from '../../model/errors.ts';
import { SETTINGS } from '../../settings/settings.ts';
import { type ActuatorAddress, type CallInput, type CallResult, callApi } from '../../web/client.ts';
import type { Route } from '../../web/schema/routes.ts';
import type { CommandArguments } from '../terminal/command.ts';

/** How the commands reach a running actuator. */

/** The actuator that `--url` names, or the one on this machine. Throws `ConfigError`. */
export function addressOf({ own, env }: Pick<CommandArguments, 'own' | 'env'>): ActuatorAddress {
  const port = env[SETTINGS.port.name]?.trim() || SETTINGS.port.fallback.of(0);
  const base = String(own.url ?? `http://127.0.0.1:${port}`);
  if (!/^https?:\/\//.test(base) || !URL.canParse(base)) {
    const example = 'for example https://my-tidemark-1234567890ab.herokuapp.com';
    const isPort = own.url === undefined;
    throw new ConfigError([
      isPort
        ? `PORT: "${port}" is not a port`
        : `--url: ${base.includes('@') ? 'this' : `"${base}"`} is not a URL, ${example}`,
    ]);
  }
  if (new URL(base).username !== '' || new URL(base).password !== '')
    throw new ConfigError([
      '--url: the address holds a user name or a password: leave them out, and set TIDEMARK_ADMIN_TOKEN to the token',
    ]);
  return { base: new URL(base), adminToken: adminTokenIn(env) };
}

/** Null where none is set. Throws `ConfigError` for one that no request could carry. */
function adminTokenIn(env: CommandArguments['env']): string | null {
  const { name, value } = SETTINGS.adminToken;
  const text = env[name]?.trim() ?? '';
  if (text === '') return null;
  if (!('value' in value.parse(text))) throw new ConfigError([`${name}: the value is not ${value.expected}`]);
  return text;
}

type Body<R extends Route> = Extract<CallResult<R>, { ok: true }>['body'];

/**
 * Throws `TidemarkError` (`platform-unavailable`) where nobody answers, and `BadInputError` where the actuator refuses.
 */
export async function ask<R extends Route>(
  address: ActuatorAddress,
  route: R,
  input: CallInput = {},
): Promise<Body<R>> {
  const result: CallResult<R> = await callApi(address, route, input);
  if (result.ok) return result.body;
  if (result.why === 'unreachable') throw unreachable(address, result.cause);
  if (result.why === 'refused') throw new BadInputError(refusalText(address, route, result));
  throw new BadInputError(
    `${address.base.origin} does not answer ${route.path} like an actuator of this version (${result.detail}): ` +
      'use the same version of tidemark on both sides, and check --url',
  );
}

function unreachable({ base }: ActuatorAddress, cause: unknown): TidemarkError {
  // A Redis that is read in place of an actuator explains itself.
  if (cause instanceof TidemarkError) return cause;
  const why = WHY_UNREACHABLE.find(([code]) => code.test(codeOf(cause)))?.[1];
  const advice = isLocal(base)
    ? 'start one with "tidemark actuator", or name it with --url'
    : 'check --url, and that the actuator runs';
  const message = `no actuator answers at ${base.origin}${why === undefined ? '' : ` (${why})`}: ${advice}`;
  return new TidemarkError('platform-unavailable', message, { cause });
}

/** What Node's codes mean to a person. */
const WHY_UNREACHABLE: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'the host name is not known'],
  [/^(TimeoutError|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'no answer in time'],
  [/CERT|SELF_SIGNED|ALTNAME/, 'its TLS certificate is not trusted'],
  [/^(ERR_SSL|EPROTO)/, 'it speaks no TLS there: try http://'],
  [/^(ECONNRESET|UND_ERR_SOCKET)$/, 'the connection was cut off'],
];

/** `fetch` puts the code into its error's cause, and what ended a wait into the name. Empty where there is none. */
function codeOf(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    if (error.name === 'TimeoutError') return error.name;
  }
  return '';
}

function isLocal({ hostname }: URL): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname);
}

type Refused = Extract<CallResult<Route>, { why: 'refused' }>;

/** What was refused, why, and what to do. */
function refusalText(
  { base, adminToken }: ActuatorAddress,
  { method, path }: Route,
  { status, code, message }: Refused,
): string {
  const origin = base.origin;
  if (code === null) {
    const stranger = `${origin} is not an actuator, or something stands in front of it`;
    return `${stranger}: it answered ${status} to ${path}. Check --url`;
  }
  if (status === 401) {
    const says = adminToken === null ? 'requires its admin token' : 'refuses the admin token';
    return (
      `the actuator at ${origin} ${says}: set TIDEMARK_ADMIN_TOKEN to the value that the actuator has, ` +
      'or, where none is set there, to the startToken in its log'
    );
  }
  const what = method === 'get' ? `the actuator at ${origin} refuses` : 'refused';
  return `${what} (${status} ${code}): ${message}`;
}
