import { BadInputError, ConfigError, TidemarkError } from '../../model/errors.ts';
import type { CommandArguments } from '../terminal/arguments.ts';

/** How the commands reach a running actuator. */

const CALL_TIMEOUT_MS = 15_000;

export function refuseRest(args: CommandArguments, most: number): readonly string[] {
  const faults = Object.keys(args.flags).map((flag) => `--${flag} is no flag of this command; see "tidemark --help"`);
  if (args.words.length > most)
    faults.push(`"${args.words.slice(most).join(' ')}" is not expected here; see "tidemark --help"`);
  if (faults.length > 0) throw new ConfigError(faults);
  return args.words;
}

export function baseOf({ own }: CommandArguments): URL {
  const base = String(own.url ?? `http://127.0.0.1:${process.env.PORT ?? '4318'}`);
  if (!URL.canParse(base))
    throw new ConfigError([
      `--url: "${base}" is not a URL, for example https://my-tidemark-0123456789ab.herokuapp.com`,
    ]);
  return new URL(base);
}

/** The answer's body. Throws `TidemarkError` (`platform-unavailable`) where nobody answers, and `BadInputError` where the answer is a refusal. */
export async function call(
  base: URL,
  method: 'GET' | 'POST',
  path: string,
  { body = '', timeoutMs = CALL_TIMEOUT_MS }: { readonly body?: string; readonly timeoutMs?: number } = {},
): Promise<unknown> {
  const token = process.env.TIDEMARK_ADMIN_TOKEN;
  const headers: Record<string, string> =
    token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
  const init: RequestInit = method === 'POST' ? { method, headers, body } : { method, headers };
  let response: Response;
  try {
    response = await fetch(new URL(path, base), { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw new TidemarkError(
      'platform-unavailable',
      `no actuator answers at ${base.origin}; start one with "tidemark actuator", or name it with --url`,
      { cause: error },
    );
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  const message = (answer as { error?: { message?: string } } | null)?.error?.message ?? 'no reason was given';
  throw new BadInputError(
    `${method} ${path}: ${response.status}: ${message}${response.status === 401 ? ' Set TIDEMARK_ADMIN_TOKEN.' : ''}`,
  );
}
