import { startActuator } from '../actuator/service.ts';
import { resolveActuatorSettings } from '../config/resolve.ts';
import type { CommandArguments } from './terminal/command.ts';
import { listenForStop } from './terminal/stop-request.ts';

/**
 * `tidemark actuator`: runs until SIGTERM or SIGINT, then gives up the lead and ends with 0. A second signal ends it at
 * once.
 */
export async function runActuator(args: CommandArguments): Promise<number> {
  const settings = resolveActuatorSettings({ env: args.env, flags: args.flags });
  const stop = listenForStop();
  try {
    const actuator = await startActuator(settings, { env: process.env });
    await actuator.stop(await stop.requested);
    return 0;
  } finally {
    stop[Symbol.dispose]();
  }
}
