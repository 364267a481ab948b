import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, TidemarkError } from '../model/errors.ts';
import { printable } from '../model/text/printable.ts';
import type { ActuatorAddress } from '../web/client.ts';
import type { Attempt } from '../web/schema/attempt.ts';
import { ROUTES } from '../web/schema/routes.ts';
import { addressOf, ask } from './remote/client.ts';
import { stateOf } from './status.ts';
import type { CommandArguments } from './terminal/command.ts';
import { exitCodeOf, listenForStop, type StopRequest } from './terminal/stop-request.ts';

const POLL_MS = 500;
/** An actuator that is being replaced by a new one may be away this long; the attempt stays in the ledger. */
const PATIENCE_MS = 60_000;
const GOOD_ENDS = ['restarted', 'already-gone', 'dry-run'];

/** `tidemark restart APP DYNO`: asks for the restart and waits for its end, unless `--no-wait` is given. */
export async function runRestart(args: CommandArguments): Promise<number> {
  const [app = '', dyno = ''] = args.words.map((word) => word.trim());
  // A variable of a shell script that is not set.
  if (app === '' || dyno === '')
    throw new ConfigError([
      '"tidemark restart" needs the app and the dyno, for example: tidemark restart shop worker.1',
    ]);
  const address = addressOf(args);
  const answer = await ask(address, ROUTES.restart, { params: { app, dyno } });
  const subject = `attempt ${answer.attempt_id} for ${app} ${dyno}`;
  const holder = answer.held_by === null ? '' : ` ${answer.held_by} follows the dyno, and begins within 10 s.`;
  print(`${answer.dry_run ? 'Dry run: ' : ''}${subject} is on its way; "tidemark status" shows how it ends.${holder}`);
  if (args.own['no-wait'] === true) return 0;
  const stop = listenForStop();
  try {
    const end = await untilClosed(address, answer.attempt_id, stop);
    if (end !== null) return report(end);
    const signal = stop.received();
    if (stop.signal.aborted) print(`No longer waiting; the ${subject} continues.`);
    else
      print(
        `The actuator no longer knows how the ${subject} ended; "heroku ps -a ${app}" shows whether the dyno is new.`,
      );
    return signal === null ? 1 : exitCodeOf(signal);
  } finally {
    stop[Symbol.dispose]();
  }
}

function report(attempt: Attempt): number {
  const evidence = attempt.evidence === null ? '' : `: ${attempt.evidence}`;
  print(`${attempt.app} ${attempt.dyno}: ${stateOf(attempt, Date.now())}${evidence}.`);
  return GOOD_ENDS.includes(attempt.outcome ?? '') ? 0 : 1;
}

/**
 * The closed attempt; null where the wait was interrupted, or where the actuator no longer knows it. Prints each phase
 * once.
 */
async function untilClosed(address: ActuatorAddress, id: string, stop: StopRequest): Promise<Attempt | null> {
  let seenAtMs = performance.now();
  let phase = '';
  while (!stop.signal.aborted) {
    const attempt = await find(address, id);
    if (attempt?.phase === 'closed') return attempt;
    if (attempt !== null) seenAtMs = performance.now();
    if (attempt !== null && attempt.phase !== phase) print(`  ${stateOf(attempt, Date.now())}`);
    phase = attempt?.phase ?? phase;
    if (performance.now() - seenAtMs > PATIENCE_MS) return null;
    await delay(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  return null;
}

/** Null where it is not listed, or no actuator answers just now. */
async function find(address: ActuatorAddress, id: string): Promise<Attempt | null> {
  try {
    const { attempts } = await ask(address, ROUTES.attempts);
    return attempts.find((attempt) => attempt.id === id) ?? null;
  } catch (error) {
    if (error instanceof TidemarkError) return null;
    throw error;
  }
}

function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}
