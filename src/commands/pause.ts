import { hostname, userInfo } from 'node:os';
import { resolveStateRedisUrl } from '../config/resolve.ts';
import { BadInputError, ConfigError, TidemarkError } from '../model/errors.ts';
import { parseTarget, type Target, targetKey } from '../model/target.ts';
import { personOf } from '../model/text/person.ts';
import { printable } from '../model/text/printable.ts';
import { ROUTES } from '../web/schema/routes.ts';
import { addressOf, ask } from './remote/client.ts';
import type { CommandArguments } from './terminal/command.ts';

type What = 'pause' | 'resume';

/** What was done, where, and what a person should know about it. */
export interface Done {
  readonly where: string;
  /** False: nothing of the target's name is known there. */
  readonly isKnown: boolean;
  readonly notes: readonly string[];
}

/**
 * `tidemark pause` and `tidemark resume`: through a running actuator, or through the ledger where none answers on this
 * machine.
 */
export async function runPause(args: CommandArguments, what: What): Promise<number> {
  const [name] = args.words;
  const target = name === undefined ? null : parseTarget(name);
  if (name !== undefined && target === null)
    throw new BadInputError(
      `"${name}" is not app:type, for example shop:worker. Without a name all targets are meant.`,
    );
  const { where, isKnown, notes } = await steer(args, what, target);
  const verb = what === 'pause' ? 'Paused' : 'Resumed';
  const lines = [`${verb}: ${name ?? 'all targets'}, ${where}`, ...notes];
  if (!isKnown) lines.push(`No dyno of ${name} has reported there, and nothing is on record of it: check the name.`);
  if (what === 'resume' && target === null)
    lines.push(
      'A target that was paused by its name stays paused until it is resumed by its name; "tidemark status" shows it.',
    );
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
  return 0;
}

/** Throws `TidemarkError` where neither answers, or it is refused. */
export async function steer(args: CommandArguments, what: What, target: Target | null): Promise<Done> {
  const address = addressOf(args);
  try {
    const by = whoAsks(args);
    const body = { by, ...(target === null ? {} : { target: targetKey(target) }) };
    const { known } = await ask(address, ROUTES[what], { body });
    return { where: `by the actuator at ${address.base.origin}.`, isKnown: known, notes: [] };
  } catch (error) {
    const isAway = error instanceof TidemarkError && error.code === 'platform-unavailable';
    if (!isAway || args.own.url !== undefined) throw error;
    return steerInLedger(args, { what, target, noActuator: error });
  }
}

/**
 * Who stands next to the pause: `--by`, or the user of this machine. On Heroku a machine is a dyno. Throws
 * `ConfigError` where `--by` is empty: the variable of a script may not be set.
 */
function whoAsks({ own, env }: CommandArguments): string | null {
  if (typeof own.by === 'string' && personOf(own.by) === null) throw new ConfigError(['--by needs a name']);
  const user = env.USER ?? env.LOGNAME ?? userName();
  return personOf(typeof own.by === 'string' ? own.by : `${user}@${env.DYNO ?? hostname()}`);
}

/** A user without an entry in the machine's list has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}

/** Nothing can reach an actuator in a plain dyno over HTTP; it reads its ledger before each restart. */
async function steerInLedger(
  args: CommandArguments,
  {
    what,
    target,
    noActuator,
  }: { readonly what: What; readonly target: Target | null; readonly noActuator: TidemarkError },
): Promise<Done> {
  const url = resolveStateRedisUrl(args.env);
  if (url === null) {
    const orLedger = `or set TIDEMARK_REDIS_URL (or REDIS_URL) to write the ${what} to the ledger`;
    throw new TidemarkError(noActuator.code, `${noActuator.message}; ${orLedger}`, { cause: noActuator });
  }
  const { steerLedger } = await import('./remote/steer-ledger.ts');
  const { host, isLed, isKnown, faults } = await steerLedger(url, what, target, whoAsks(args));
  const led = isLed ? '' : ' No actuator leads on that ledger now: check that it is the right Redis.';
  const where = `in the ledger (Redis at ${host}), because no actuator answers on this machine.${led}`;
  return { where, isKnown, notes: faults };
}
