import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynoMemory } from '../src/instrument/memory/dyno-memory.ts';
import { Procfs } from '../src/instrument/memory/procfs.ts';

/**
 * What one look at all processes of a dyno costs the process that reports it. It looks at every export: every 10 s by
 * default, and here every second too. CPU of all its threads, CPU of the main thread, and of that the most at a
 * stretch, for which nothing else can run. CPU time, not the clock's: other work on the machine does not count. One
 * process in twenty is Node, the others are small; each has an environment of 5 kB.
 *
 * `node bench/dyno-memory.ts` runs on a machine with other processes. As in a container: `HEROKU_DYNO_ID=bench
 * DYNO=worker.1 unshare --user --map-root-user --pid --fork --mount-proc node bench/dyno-memory.ts`
 */
const PROCESSES = [20, 200];
const LOOKS = 40;
const DYNO = { DYNO: 'worker.1', HEROKU_DYNO_ID: 'bench' };

const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
const procfs = new Procfs();
let nowMs = 0;
const memory = new DynoMemory({
  ...{ procfs, env: DYNO, folder, knownChildren: () => [] },
  canSend: async () => true,
  nowMs: () => nowMs,
});
const children: ReturnType<typeof spawn>[] = [];

function startProcesses(count: number): void {
  const env = { ...process.env, ...DYNO, CONFIG: 'x'.repeat(5000) };
  while (children.length < count) {
    const isNode = children.length % 20 === 0;
    const [command, args] = isNode ? [process.execPath, ['--eval', 'setInterval(() => {}, 1e6)']] : ['sleep', ['1000']];
    children.push(spawn(command, args, { env, stdio: 'ignore' }));
  }
}

/** So that what is measured is not their start. */
async function settled(): Promise<void> {
  const ticks = () => children.map(({ pid }) => readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]).join();
  for (let before = ''; before !== ticks(); ) {
    before = ticks();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const inMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;

async function cpuOfLook(): Promise<{ readonly allMs: number; readonly mainMs: number }> {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  await memory.read();
  return { mainMs: inMs(process.threadCpuUsage(main)), allMs: inMs(process.cpuUsage(all)) };
}

/** In a look of its own: looking between its steps costs CPU itself. */
async function longestStretchMs(): Promise<number> {
  let longestMs = 0;
  let isOver = false;
  let turn = process.threadCpuUsage();
  const tick = () => {
    longestMs = Math.max(longestMs, inMs(process.threadCpuUsage(turn)));
    turn = process.threadCpuUsage();
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  await memory.read();
  isOver = true;
  return longestMs;
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(1);
}

for (const count of PROCESSES) {
  startProcesses(count);
  await settled();
  for (const everyMs of [10_000, 1000]) {
    const looks: Awaited<ReturnType<typeof cpuOfLook>>[] = [];
    const stretches: number[] = [];
    for (let look = 0; look < LOOKS; look++) {
      nowMs += everyMs;
      looks.push(await cpuOfLook());
      nowMs += everyMs;
      stretches.push(await longestStretchMs());
    }
    const [all, main] = [median(looks.map(({ allMs }) => allMs)), median(looks.map(({ mainMs }) => mainMs))];
    const figures = `CPU ${all} ms, main thread ${main} ms, longest stretch ${median(stretches)} ms`;
    console.log(`${count} processes, every ${everyMs / 1000} s: ${figures}`);
  }
}
for (const child of children) child.kill();
rmSync(folder, { recursive: true });
