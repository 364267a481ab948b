import type { z } from 'zod';
import { ApiError } from './schema/errors.ts';
import type { Route } from './schema/routes.ts';

/** A client of the actuator's API, typed by the schemas by which the actuator answers. */

export interface ActuatorAddress {
  readonly base: URL;
  /** Null or empty: none is sent. */
  readonly adminToken: string | null;
  /** Answers in place of the network: an API in this process. */
  readonly send?: (request: Request) => Promise<Response>;
}

export interface CallInput {
  /** For the braces in the route's path. */
  readonly params?: Readonly<Record<string, string>>;
  /** The parameters after the question mark. */
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** In ms; 15 s by default. */
  readonly timeoutMs?: number;
}

type Success<R extends Route> = z.output<R['answers'][Extract<keyof R['answers'], 200 | 202>]>;

export type CallResult<R extends Route> =
  | { readonly ok: true; readonly body: Success<R> }
  /** Nobody answered within the time. */
  | { readonly ok: false; readonly why: 'unreachable'; readonly cause: unknown }
  /** The actuator, or something on the way to it, said no. `code` is null where the answer is not of this API. */
  | {
      readonly ok: false;
      readonly why: 'refused';
      readonly status: number;
      readonly code: string | null;
      readonly message: string;
    }
  /** It answered, but not as this version of the API does. */
  | { readonly ok: false; readonly why: 'not-understood'; readonly detail: string };

const TIMEOUT_MS = 15_000;

/** One request, never repeated. Rejects only for a fault of the program. */
export async function callApi<R extends Route>(
  { base, adminToken, send = fetch }: ActuatorAddress,
  route: R,
  input: CallInput = {},
): Promise<CallResult<R>> {
  const headers: Record<string, string> = adminToken ? { authorization: `Bearer ${adminToken}` } : {};
  const body = input.body === undefined ? {} : { body: JSON.stringify(input.body) };
  let response: Response;
  try {
    const signal = AbortSignal.timeout(input.timeoutMs ?? TIMEOUT_MS);
    const method = route.method.toUpperCase();
    response = await send(new Request(urlOf(base, route, input), { method, headers, signal, ...body }));
  } catch (cause) {
    return { ok: false, why: 'unreachable', cause };
  }
  const answer: unknown = await response.json().catch(() => undefined);
  return response.ok ? understood(route, answer) : refused(response.status, answer);
}

function urlOf(base: URL, { path }: Route, { params = {}, query = {} }: CallInput): URL {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const url = new URL(filled, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url;
}

function understood<R extends Route>(route: R, answer: unknown): CallResult<R> {
  const parsed = (route.answers[200] ?? route.answers[202])?.safeParse(answer);
  if (parsed?.success) return { ok: true, body: parsed.data as Success<R> };
  const [issue] = parsed?.error.issues ?? [];
  const detail =
    answer === undefined || issue === undefined ? 'it is not JSON' : `${issue.path.join('.')}: ${issue.message}`;
  return { ok: false, why: 'not-understood', detail };
}

function refused(status: number, answer: unknown): CallResult<never> {
  const parsed = ApiError.safeParse(answer);
  const { code, message } = parsed.success ? parsed.data.error : { code: null, message: 'no reason was given' };
  return { ok: false, why: 'refused', status, code, message };
}
