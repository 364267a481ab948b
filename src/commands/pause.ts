import { BadInputError, TidemarkError } from '../model/errors.ts';
import { parseTarget } from '../model/target.ts';
import { baseOf, call, refuseRest } from './remote/client.ts';
import type { CommandArguments } from './terminal/arguments.ts';

/** `tidemark pause` and `tidemark resume`: by a running actuator, and through the ledger where none answers on this machine. */
export async function runPause(args: CommandArguments, what: 'pause' | 'resume'): Promise<number> {
  const [target] = refuseRest(args, 1);
  if (target !== undefined && parseTarget(target) === null)
    throw new BadInputError(`"${target}" is not app:type, for example shop:worker; without one all targets are meant.`);
  const done = `${what === 'pause' ? 'Paused' : 'Resumed'}: ${target ?? 'all targets'}`;
  const exception =
    what === 'resume' && target === undefined
      ? 'A target that was paused by its name stays paused until it is resumed by its name; "tidemark status" shows it.\n'
      : '';
  try {
    await call(baseOf(args), 'POST', `/api/${what}`, { body: target === undefined ? '' : JSON.stringify({ target }) });
    process.stdout.write(`${done}, by the actuator at ${baseOf(args).origin}.\n${exception}`);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'platform-unavailable' || args.own.url !== undefined)
      throw error;
    process.stdout.write(`${done}, ${await pauseInLedger(what, target, error)}\n${exception}`);
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
  const { steerLedger } = await import('./remote/steer-ledger.ts');
  const { host, isLed, faults } = await steerLedger(url, what, target);
  const led = isLed ? '' : ' No actuator leads on that ledger now: is it the right Redis?';
  return `in the ledger (Redis at ${host}), for no actuator answers on this machine.${led}${faults.map((fault) => `\n${fault}`).join('')}`;
}
