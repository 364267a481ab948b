import { BadInputError, ConfigError, TidemarkError } from '../core/errors.ts';
import { formatBytes } from '../core/format.ts';
import { parseTarget } from '../core/target.ts';
import type { CommandArguments } from './arguments.ts';

/** The commands that ask a running actuator over its HTTP interface; pause and resume reach the ledger without one, too. */

interface DynoRow {
  readonly app: string | null;
  readonly dyno: string;
  readonly class: string;
  readonly action: string;
  readonly reason: string;
  readonly explanation: string;
  readonly usage_bytes: number | null;
  readonly limit_bytes: number | null;
}

interface DecisionRow extends DynoRow {
  readonly time: string;
  readonly outcome: string | null;
}

export async function runStatus(args: CommandArguments): Promise<number> {
  refuseRest(args, 0);
  const { dynos } = (await call(args, 'GET', '/api/dynos')) as { dynos: readonly DynoRow[] };
  const { decisions } = (await call(args, 'GET', '/api/decisions?limit=10')) as { decisions: readonly DecisionRow[] };
  if (args.own.json === true) {
    process.stdout.write(`${JSON.stringify({ dynos, decisions })}\n`);
    return 0;
  }
  process.stdout.write(
    `${table(['APP', 'DYNO', 'MEMORY', 'CLASS', 'ACTION', 'REASON'], dynos.map(dynoCells))}\n\nLast decisions\n`,
  );
  for (const row of decisions) {
    const outcome = row.outcome === null ? '' : ` -> ${row.outcome}`;
    process.stdout.write(
      `  ${row.time}  ${row.app ?? '?'} ${row.dyno}  ${row.action} (${row.reason})${outcome}: ${row.explanation}\n`,
    );
  }
  return 0;
}

export async function runRestart(args: CommandArguments): Promise<number> {
  const [app, dyno] = refuseRest(args, 2);
  if (app === undefined || dyno === undefined)
    throw new ConfigError([
      '"tidemark restart" needs the app and the dyno, for example: tidemark restart shop worker.1',
    ]);
  const answer = (await call(
    args,
    'POST',
    `/api/dynos/${encodeURIComponent(app)}/${encodeURIComponent(dyno)}/restart`,
  )) as { attempt_id: string; dry_run: boolean };
  process.stdout.write(
    `${answer.dry_run ? 'Dry run: ' : ''}attempt ${answer.attempt_id} for ${app} ${dyno} is on its way; "tidemark status" shows how it ends.\n`,
  );
  return 0;
}

export async function runPause(args: CommandArguments, what: 'pause' | 'resume'): Promise<number> {
  const [target] = refuseRest(args, 1);
  const done = `${what === 'pause' ? 'Paused' : 'Resumed'}: ${target ?? 'all targets'}`;
  try {
    await call(args, 'POST', `/api/${what}`, target === undefined ? '' : JSON.stringify({ target }));
    process.stdout.write(`${done}, by the actuator at ${baseOf(args).origin}.\n`);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'platform-unavailable' || args.own.url !== undefined)
      throw error;
    process.stdout.write(`${done}, ${await pauseInLedger(what, target, error)}\n`);
  }
  return 0;
}

/** An actuator in a plain dyno can be reached by nobody; it looks at its ledger before each restart. */
async function pauseInLedger(
  what: 'pause' | 'resume',
  name: string | undefined,
  noActuator: TidemarkError,
): Promise<string> {
  const { resolveStateRedisUrl } = await import('../config/resolve.ts');
  const url = resolveStateRedisUrl(process.env);
  if (url === null)
    throw new TidemarkError(
      noActuator.code,
      `${noActuator.message}; or set TIDEMARK_REDIS_URL (or REDIS_URL), and it is written to the ledger`,
      { cause: noActuator },
    );
  const target = name === undefined ? null : parseTarget(name);
  if (target === null && name !== undefined)
    throw new BadInputError(`"${name}" is not app:type, for example shop:worker; without one all targets are meant.`);
  const { steerLedger } = await import('./steer-ledger.ts');
  const { host, isLed, faults } = await steerLedger(url, what, target);
  const led = isLed ? '' : ' No actuator leads on that ledger now: is it the right Redis?';
  return `in the ledger (Redis at ${host}), for no actuator answers on this machine.${led}${faults.map((fault) => `\n${fault}`).join('')}`;
}

function refuseRest(args: CommandArguments, most: number): readonly string[] {
  const faults = Object.keys(args.flags).map((flag) => `--${flag} is no flag of this command; see "tidemark --help"`);
  if (args.words.length > most)
    faults.push(`"${args.words.slice(most).join(' ')}" is not expected here; see "tidemark --help"`);
  if (faults.length > 0) throw new ConfigError(faults);
  return args.words;
}

function baseOf({ own }: CommandArguments): URL {
  const base = String(own.url ?? `http://127.0.0.1:${process.env.PORT ?? '4318'}`);
  if (!URL.canParse(base))
    throw new ConfigError([`--url: "${base}" is not a URL, for example https://my-tidemark.herokuapp.com`]);
  return new URL(base);
}

async function call(args: CommandArguments, method: 'GET' | 'POST', path: string, body = ''): Promise<unknown> {
  const base = baseOf(args);
  const token = process.env.TIDEMARK_ADMIN_TOKEN;
  const headers: Record<string, string> =
    token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
  const init: RequestInit = method === 'POST' ? { method, headers, body } : { method, headers };
  let response: Response;
  try {
    response = await fetch(new URL(path, base), { ...init, signal: AbortSignal.timeout(15_000) });
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

function dynoCells(row: DynoRow): readonly string[] {
  const memory =
    row.usage_bytes === null
      ? '?'
      : `${formatBytes(row.usage_bytes)}${row.limit_bytes === null ? '' : ` of ${formatBytes(row.limit_bytes)}`}`;
  return [row.app ?? '?', row.dyno, memory, row.class, row.action, row.reason];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
