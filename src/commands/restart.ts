import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, TidemarkError } from '../model/errors.ts';
import type { AttemptRow } from './remote/api-rows.ts';
import { baseOf, call, refuseRest } from './remote/client.ts';
import { stateOf } from './status.ts';
import type { CommandArguments } from './terminal/arguments.ts';
import { exitCodeOf, listenForStop, type StopRequest } from './terminal/stop-request.ts';

const POLL_MS = 500;
/** An actuator that is replaced by a new one is away for so long; the attempt is in the ledger meanwhile. */
const PATIENCE_MS = 60_000;
const GOOD_ENDS = ['restarted', 'already-gone', 'dry-run'];

/** `tidemark restart APP DYNO`: asks for the restart and waits for its end, unless `--no-wait` is given. */
export async function runRestart(args: CommandArguments): Promise<number> {
  const [app, dyno] = refuseRest(args, 2);
  if (app === undefined || dyno === undefined)
    throw new ConfigError([
      '"tidemark restart" needs the app and the dyno, for example: tidemark restart shop worker.1',
    ]);
  const base = baseOf(args);
  const path = `/api/dynos/${encodeURIComponent(app)}/${encodeURIComponent(dyno)}/restart`;
  const answer = (await call(base, 'POST', path)) as { attempt_id: string; dry_run: boolean };
  const subject = `attempt ${answer.attempt_id} for ${app} ${dyno}`;
  print(`${answer.dry_run ? 'Dry run: ' : ''}${subject} is on its way; "tidemark status" shows how it ends.`);
  if (args.own['no-wait'] === true) return 0;
  const stop = listenForStop();
  try {
    const end = await untilClosed(base, answer.attempt_id, stop);
    if (end !== null) return tell(end);
    const signal = stop.received();
    if (stop.signal.aborted) print(`No longer waiting. The ${subject} goes on all the same.`);
    else print(`How the ${subject} ended is not known here; "heroku ps -a ${app}" shows whether the dyno is new.`);
    return signal === null ? 1 : exitCodeOf(signal);
  } finally {
    stop[Symbol.dispose]();
  }
}

function tell(attempt: AttemptRow): number {
  const evidence = attempt.evidence === null ? '' : `: ${attempt.evidence}`;
  print(`${attempt.app} ${attempt.dyno}: ${stateOf(attempt, Date.now())}${evidence}.`);
  return GOOD_ENDS.includes(attempt.outcome ?? '') ? 0 : 1;
}

/** The closed attempt; null where the waiting was ended, or where nothing is known of it any more. Prints each phase once. */
async function untilClosed(base: URL, id: string, stop: StopRequest): Promise<AttemptRow | null> {
  let seenAtMs = performance.now();
  let phase = '';
  while (!stop.signal.aborted) {
    const attempt = await find(base, id);
    if (attempt?.phase === 'closed') return attempt;
    if (attempt !== null) seenAtMs = performance.now();
    if (attempt !== null && attempt.phase !== phase) print(`  ${stateOf(attempt, Date.now())}`);
    phase = attempt?.phase ?? phase;
    if (performance.now() - seenAtMs > PATIENCE_MS) return null;
    await delay(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  return null;
}

/** Null where it is not listed, or nobody answers just now. */
async function find(base: URL, id: string): Promise<AttemptRow | null> {
  try {
    const { attempts } = (await call(base, 'GET', '/api/attempts')) as { attempts: readonly AttemptRow[] };
    return attempts.find((attempt) => attempt.id === id) ?? null;
  } catch (error) {
    if (error instanceof TidemarkError) return null;
    throw error;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
