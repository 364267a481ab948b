/**
 * Makes the README's pictures from what really happens: `docs/pictures/bloat.svg`, a recording of a real worker as
 * `tidemark replay --plot` draws it, and `docs/pictures/demo.svg`, the screen of a real run of the demo. `loop.svg` is
 * drawn by hand.
 *
 *   npm run pictures            both; the demo must close its loop, else nothing is written
 *   npm run pictures -- bloat   one of them
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { filmSvg, type Shot } from './pictures/film.ts';
import { Terminal } from './pictures/terminal.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BLOAT = 'docs/pictures/bloat.svg';
const DEMO = 'docs/pictures/demo.svg';
const COLUMNS = 80;
const ROWS = 32;
/** Of the run, between two screens of the film. */
const SHOT_EVERY_MS = 2_500;
const FILM = { title: 'tidemark demo', columns: COLUMNS, rows: ROWS, speed: 5, lastMs: 6_000 };
/** The same command as in the README. */
export const BLOAT_COMMAND =
  'replay evaluation/recordings/data/bloat-over-1.csv --quota 384MiB --window 1s --grace 2s --plot';

export function drawBloat(path: string): void {
  execFileSync(process.execPath, ['src/cli.ts', ...BLOAT_COMMAND.split(' '), path], { cwd: ROOT });
}

/** Runs the demo as it was built, in a terminal of 80 by 32: its summary fits. */
async function filmDemo(): Promise<void> {
  const built = new URL('../dist/demo/demo.js', import.meta.url).href;
  const { runDemo } = (await import(built)) as typeof import('../src/demo/demo.ts');
  const terminal = new Terminal(COLUMNS, ROWS);
  const shots: Shot[] = [];
  const startedAtMs = Date.now();
  const shoot = () => shots.push({ atMs: Date.now() - startedAtMs, screen: terminal.screen });
  const timer = setInterval(shoot, SHOT_EVERY_MS);
  const code = await runDemo({
    write: (text) => {
      terminal.write(text);
      process.stdout.write(text);
    },
    isTerminal: true,
    columns: () => COLUMNS,
    colour: true,
    signal: new AbortController().signal,
    redisUrl: null,
    jsonEventsPath: null,
  });
  clearInterval(timer);
  shoot();
  if (code !== 0) throw new Error(`the demo ended with ${code}: ${DEMO} was left as it is`);
  writeFileSync(`${ROOT}${DEMO}`, filmSvg(shots, FILM));
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const wants = (name: string) => wanted.length === 0 || wanted.includes(name);
  if (wants('bloat')) drawBloat(`${ROOT}${BLOAT}`);
  if (wants('demo')) await filmDemo();
}
