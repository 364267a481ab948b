import { BadInputError, ConfigError, TidemarkError } from '../core/errors.ts';
import { formatBytes } from '../core/format.ts';
import type { CommandArguments } from './arguments.ts';

/** The commands that ask a running actuator over its HTTP interface. */

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
  await call(args, 'POST', `/api/${what}`, target === undefined ? '' : JSON.stringify({ target }));
  process.stdout.write(`${what === 'pause' ? 'Paused' : 'Resumed'}: ${target ?? 'all targets'}.\n`);
  return 0;
}

function refuseRest(args: CommandArguments, most: number): readonly string[] {
  const faults = Object.keys(args.flags).map((flag) => `--${flag} is no flag of this command; see "tidemark --help"`);
  if (args.words.length > most)
    faults.push(`"${args.words.slice(most).join(' ')}" is not expected here; see "tidemark --help"`);
  if (faults.length > 0) throw new ConfigError(faults);
  return args.words;
}

async function call(args: CommandArguments, method: 'GET' | 'POST', path: string, body = ''): Promise<unknown> {
  const base = String(args.own.url ?? `http://127.0.0.1:${process.env.PORT ?? '4318'}`);
  if (!URL.canParse(path, base))
    throw new ConfigError([`--url: "${base}" is not a URL, for example https://my-tidemark.herokuapp.com`]);
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
      `no actuator answers at ${base}; start one with "tidemark actuator", or name it with --url`,
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
