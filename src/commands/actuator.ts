import { startActuator } from '../actuator/service.ts';
import { resolveActuatorSettings } from '../config/resolve.ts';
import { ConfigError } from '../core/errors.ts';
import type { CommandArguments } from './arguments.ts';

/** `tidemark actuator`: runs until SIGTERM or SIGINT, then hands over and ends with 0. */
export async function runActuator(args: CommandArguments): Promise<number> {
  if (args.words.length > 0)
    throw new ConfigError([`"${args.words.join(' ')}" is not expected after "tidemark actuator"`]);
  const settings = resolveActuatorSettings({ env: process.env, flags: args.flags });
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  const actuator = await startActuator(settings);
  const signal = await stopped;
  await actuator.stop(`${signal} received`);
  return 0;
}
