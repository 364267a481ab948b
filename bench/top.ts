/**
 * What `tidemark top` costs while it watches 10,000 dynos: `npm run build && node bench/top.ts`. The actuator is a
 * scripted one in this process; `top` runs in a process and a terminal of its own, as people start it.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { largeFleet } from '../test/page/lab/fleet.ts';
import { startScriptedActuator } from '../test/page/lab/scripted-actuator.ts';

const DYNOS = 10_000;
const WARM_UP_MS = 10_000;
const MEASURED_MS = 180_000;
/** Of Linux: what `/proc/PID/stat` counts in. */
const TICKS_PER_S = 100;
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** CPU time of a process, in ms. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_S;
}

const actuator = await startScriptedActuator('dist/site', { dynos: largeFleet(DYNOS) });
const command = `sh -c 'echo pid $$ >&2; exec ${process.execPath} ${CLI} top --url ${actuator.url}'`;
const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
  env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color' },
  stdio: ['pipe', 'pipe', 'inherit'],
});
let output = '';
child.stdout.on('data', (chunk: Buffer) => (output = `${output}${chunk}`.slice(-20_000)));
while (!/pid \d+/.test(output)) await delay(100);
const pid = Number(/pid (\d+)/.exec(output)?.[1]);
await delay(WARM_UP_MS);
const [before, startMs] = [cpuMs(pid), performance.now()];
await delay(MEASURED_MS);
const share = (cpuMs(pid) - before) / (performance.now() - startMs);
console.log(`tidemark top, ${DYNOS} dynos: ${(100 * share).toFixed(1)} % of a core over ${MEASURED_MS / 1000} s`);
child.stdin.write('q');
await actuator.close();
