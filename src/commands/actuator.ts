import { setFlagsFromString } from 'node:v8';
import { startActuator } from '../actuator/service.ts';
import { resolveActuatorSettings } from '../config/resolve.ts';
import type { CommandArguments } from './terminal/command.ts';
import { listenForStop } from './terminal/stop-request.ts';

/**
 * V8 looks at these before each collection, so they can be set here, however the command is started.
 *
 * - It lets garbage grow to several times what lives before it collects. Half as much again keeps the actuator of a
 *   large fleet small for a little more CPU.
 * - Where many objects outlive a collection of young objects, V8 makes all later ones from the same line of code old
 *   from the start (pretenuring). Measurements wait a second for the rest of their export, which is long enough for
 *   that, and then are garbage that only a collection of the whole heap finds.
 */
const HEAP_FLAGS = ['--heap-growing-percent=50', '--no-allocation-site-pretenuring'];

/**
 * `tidemark actuator`: runs until SIGTERM or SIGINT, then gives up the lead and ends with 0. A second signal ends it at
 * once.
 */
export async function runActuator(args: CommandArguments): Promise<number> {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
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
