import { setFlagsFromString } from 'node:v8';
import { startActuator } from '../actuator/service.ts';
import { resolveActuatorSettings } from '../config/resolve.ts';
import type { CommandArguments } from './terminal/command.ts';
import { listenForStop } from './terminal/stop-request.ts';

/**
 * V8 lets garbage grow to several times what lives before it collects. Half as much again keeps the actuator of a large
 * fleet small for a little more CPU. V8 looks at it before each collection, so it can be set here, however the command
 * is started.
 */
const HEAP_GROWING_FLAG = '--heap-growing-percent=50';

/**
 * `tidemark actuator`: runs until SIGTERM or SIGINT, then gives up the lead and ends with 0. A second signal ends it at
 * once.
 */
export async function runActuator(args: CommandArguments): Promise<number> {
  setFlagsFromString(HEAP_GROWING_FLAG);
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
