/**
 * Runs the demo again and again, kills one of its processes with -9 at a random moment of each run, and checks what
 * must always hold: no boot is restarted twice, no two restarts of a type at a time, a failure is reported, and the
 * loop closes. The script reads this from the dyno manager's log and the demo's exit code.
 *
 *   node scripts/chaos-demo.ts [--victims worker,redis,actuator,collector] [--tries 20] [--seed 1]
 *     [--from 1] [--to 40] [--keep FOLDER]
 *
 * `--from` and `--to` are the seconds between which it kills
 *
 * Exit code 0 if all held. The output of failed runs is kept in the folder.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { DemoEvent } from '../src/demo/event-file.ts';
import type { LogEntry } from '../src/testbed/dyno-manager/event-log.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const POLL_MS = 100;
/** The demo ends by itself within five minutes, whatever is killed. */
const PATIENCE_MS = 320_000;

/** What may be killed, and which processes of the demo that is. */
const VICTIMS: Readonly<Record<string, readonly string[]>> = {
  worker: ['worker.1', 'worker.2', 'mailer.1'],
  redis: ['redis'],
  actuator: ['actuator'],
  /** Only if the Collector is built. */
  collector: ['collector'],
};

interface Trial {
  readonly kind: string;
  /** The process's name, once it was killed. */
  victim: string | null;
  killedAtMs: number | null;
  exitCode: number | null;
  elapsedMs: number;
  restarts: number;
  readonly faults: string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      victims: { type: 'string', default: 'worker,redis,actuator' },
      tries: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      // From just after the start to shortly before the end.
      from: { type: 'string', default: '1' },
      to: { type: 'string', default: '40' },
      keep: { type: 'string', default: join(tmpdir(), 'tidemark-chaos') },
    },
  });
  const kinds = values.victims.split(',');
  const unknown = kinds.filter((kind) => !Object.hasOwn(VICTIMS, kind));
  const isNumber = (text: string) => /^\d+$/.test(text);
  const { tries, seed, from, to } = values;
  if (unknown.length > 0 || ![tries, seed, from, to].every(isNumber)) {
    process.stderr.write(
      `--victims is a list of ${Object.keys(VICTIMS).join(', ')}; --tries, --seed, --from and --to are whole numbers\n`,
    );
    return 2;
  }
  mkdirSync(values.keep, { recursive: true });
  const random = randomNumbers(Number(values.seed));
  process.stdout.write('try  victim      at       exit  took     restarts  held\n');
  const moments = { firstMs: Number(from) * 1000, lastMs: Number(to) * 1000 };
  let bad = 0;
  for (let count = 1; count <= Number(values.tries); count++) {
    for (const kind of kinds) {
      const trial = await run(kind, { random, moments, keepAs: join(values.keep, `${kind}-${count}`) });
      if (trial.faults.length > 0) bad += 1;
      process.stdout.write(rowOf(count, trial));
    }
  }
  process.stdout.write(bad === 0 ? 'All held.\n' : `${bad} went wrong; see ${values.keep}\n`);
  return bad === 0 ? 0 : 1;
}

interface RunOptions {
  readonly random: () => number;
  readonly moments: { readonly firstMs: number; readonly lastMs: number };
  readonly keepAs: string;
}

async function run(kind: string, { random, moments, keepAs }: RunOptions): Promise<Trial> {
  const eventsPath = `${keepAs}.ndjson`;
  writeFileSync(eventsPath, '');
  const momentMs = moments.firstMs + random() * (moments.lastMs - moments.firstMs);
  const names = VICTIMS[kind] ?? [];
  const name = names[Math.floor(random() * names.length)] ?? kind;
  const trial: Trial = { kind, victim: null, killedAtMs: null, exitCode: null, elapsedMs: 0, restarts: 0, faults: [] };
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, [CLI, 'demo', '--json-events', eventsPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  let ended = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      ended = true;
      resolve(code);
    });
  });
  while (!ended && trial.killedAtMs === null) {
    await sleep(POLL_MS);
    const elapsedMs = performance.now() - startedAtMs;
    if (elapsedMs >= momentMs) kill(trial, { name, elapsedMs, events: readEvents(eventsPath) });
  }
  const impatience = setTimeout(() => child.kill('SIGINT'), PATIENCE_MS);
  trial.exitCode = await exited;
  clearTimeout(impatience);
  trial.elapsedMs = performance.now() - startedAtMs;
  check(trial, readEvents(eventsPath), output);
  writeFileSync(`${keepAs}.txt`, output);
  return trial;
}

/** Kills the newest process of that name; if it does not exist yet, the next check tries again. */
function kill(
  trial: Trial,
  { name, elapsedMs, events }: { name: string; elapsedMs: number; events: readonly DemoEvent[] },
): void {
  const process_ = events.findLast((event) => event.type === 'process' && event.name === name);
  if (process_?.type !== 'process') return;
  try {
    process.kill(process_.pid, 'SIGKILL');
    trial.victim = name;
    trial.killedAtMs = elapsedMs;
  } catch {
    // It is just being replaced.
  }
}

function check(trial: Trial, events: readonly DemoEvent[], output: string): void {
  const entries = events.flatMap((event) => (event.type === 'manager' ? [event.entry] : []));
  const asked = entries.filter((entry) => entry.event === 'restart-requested');
  trial.restarts = asked.length;
  const boots = asked.map((entry) => entry.dynoId);
  if (new Set(boots).size < boots.length) trial.faults.push('a boot was restarted twice');
  if (overlaps(entries)) trial.faults.push('two restarts at a time');
  if (trial.exitCode !== 0) trial.faults.push(`exit code ${trial.exitCode}`);
  if (trial.exitCode !== 0 && !output.includes('The loop did not close')) trial.faults.push('no message');
  if (trial.killedAtMs === null) trial.faults.push('the demo ended before anything could be killed');
}

/**
 * Whether a restart was asked for while the boot of an earlier one had not ended; both dynos of the demo that may be
 * restarted are of one type.
 */
function overlaps(entries: readonly LogEntry[]): boolean {
  let open: string | null = null;
  for (const { event, dynoId } of entries) {
    if (event === 'restart-requested') {
      if (open !== null) return true;
      open = dynoId;
    }
    if ((event === 'exit' || event === 'crashed') && dynoId === open) open = null;
  }
  return false;
}

function readEvents(path: string): readonly DemoEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // What follows the last line break is still being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as DemoEvent);
}

function rowOf(count: number, trial: Trial): string {
  const seconds = (ms: number | null) => (ms === null ? '-' : `${(ms / 1000).toFixed(1)} s`);
  const cells: readonly [string, number][] = [
    [String(count), 5],
    [trial.victim ?? trial.kind, 12],
    [seconds(trial.killedAtMs), 9],
    [String(trial.exitCode), 6],
    [seconds(trial.elapsedMs), 9],
    [String(trial.restarts), 10],
  ];
  const held = trial.faults.length === 0 ? 'yes' : `NO: ${trial.faults.join('; ')}`;
  return `${cells.map(([text, width]) => text.padEnd(width)).join('')}${held}\n`;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

process.exitCode = await main();
