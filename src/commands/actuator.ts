import { startActuator } from '../actuator/service.ts';
import { resolveActuatorSettings } from '../config/resolve.ts';
import { ConfigError } from '../model/errors.ts';
import type { CommandArguments } from './terminal/arguments.ts';
import { listenForStop } from './terminal/stop-request.ts';

/** `tidemark actuator`: runs until SIGTERM or SIGINT, then hands over and ends with 0. A second signal ends it at once. */
export async function runActuator(args: CommandArguments): Promise<number> {
  if (args.words.length > 0)
    throw new ConfigError([`"${args.words.join(' ')}" is not expected after "tidemark actuator"`]);
  const settings = resolveActuatorSettings({ env: process.env, flags: args.flags });
  const stop = listenForStop();
  try {
    const actuator = await startActuator(settings, { env: process.env });
    await actuator.stop(await stop.requested);
    return 0;
  } finally {
    stop[Symbol.dispose]();
  }
}
