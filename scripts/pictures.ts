/**
 * Makes the pictures of README and docs/detection.md from what really happens, into `docs/pictures/`: recordings of
 * real workers as `tidemark replay --plot` draws them, a simulated dyno for each name in `SIMULATED`, and `demo.svg`,
 * the screen of a real run of the demo. `loop.svg` is drawn by hand.
 *
 *   npm run pictures                 all; the demo must close its loop, else its picture stays as it is
 *   npm run pictures -- bloat load   some of them
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pictureOf } from '../evaluation/report/pictures.ts';
import { filmSvg, type Shot } from './pictures/film.ts';
import { Terminal } from './pictures/terminal.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURES = 'docs/pictures/';
const DEMO = `${PICTURES}demo.svg`;
const COLUMNS = 80;
const ROWS = 32;
/** Of the run, between two screens of the film. */
const SHOT_EVERY_MS = 2_500;
const FILM = { title: 'tidemark demo', columns: COLUMNS, rows: ROWS, speed: 5, lastMs: 6_000 };
const RECORDINGS = 'evaluation/recordings/data/';
/** Recordings run at a sixtieth of the usual spans: a window is a second. */
const SCALE = '--window 1s --grace 2s --plot';

/** The command that draws each picture; the pages quote that of `bloat`. */
export const REPLAYS = {
  bloat: `replay ${RECORDINGS}bloat-over-1.csv --quota 384MiB ${SCALE}`,
  load: `replay ${RECORDINGS}over-quota-load-1.csv --quota 1024MiB ${SCALE}`,
  leak: `replay ${RECORDINGS}linear-leak-1.csv --quota 384MiB ${SCALE}`,
  sawtooth: `replay ${RECORDINGS}high-saw-tooth-1.csv --quota 384MiB ${SCALE}`,
} as const;

/** The family of the evaluation whose first dyno is drawn. */
const SIMULATED = { 'bloat-beneath-load': 'BW1' } as const;

export type CurvePicture = keyof typeof REPLAYS | keyof typeof SIMULATED;
export const CURVE_PICTURES = [...Object.keys(REPLAYS), ...Object.keys(SIMULATED)] as readonly CurvePicture[];

export function drawCurve(name: CurvePicture, path: string): void {
  if (name in REPLAYS)
    execFileSync(process.execPath, ['src/cli.ts', ...REPLAYS[name as keyof typeof REPLAYS].split(' '), path], {
      cwd: ROOT,
    });
  else writeFileSync(path, pictureOf(SIMULATED[name as keyof typeof SIMULATED], 'dev'));
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
    stay: false,
  });
  clearInterval(timer);
  shoot();
  if (code !== 0) throw new Error(`the demo ended with ${code}: ${DEMO} was left as it is`);
  writeFileSync(`${ROOT}${DEMO}`, filmSvg(shots, FILM));
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const wants = (name: string) => wanted.length === 0 || wanted.includes(name);
  for (const name of CURVE_PICTURES) if (wants(name)) drawCurve(name, `${ROOT}${PICTURES}${name}.svg`);
  if (wants('demo')) await filmDemo();
}
