import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { STUBBORN } from './running-manager.ts';

/** A dyno manager as a separate program, to be killed. Prints the ids of its dynos when they are ready. */
const ready = new Set<string>();
const manager = await startDynoManager({
  token: process.argv[2] ?? 'demo-token',
  apps: [{ name: 'shop', formation: [{ type: 'worker', command: STUBBORN, quantity: 2 }] }],
  output: (_, { dynoId }) => {
    ready.add(dynoId);
    if (ready.size === 2) console.log(JSON.stringify(manager.dynos().map((dyno) => dyno.dynoId)));
  },
});
