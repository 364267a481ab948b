/**
 * Makes the pictures of README and docs/detection.md from what really happens, into `docs/pictures/`: recordings of
 * real workers as `tidemark replay --plot` draws them, a simulated dyno for each name in `SIMULATED`, and of one real
 * run of the demo its screen (`demo.svg`) and the actuator's page (`page.webp`). `loop.svg` is drawn by hand.
 *
 *   npm run pictures                 all; the demo must close its loop, else its pictures stay as they are
 *   npm run pictures -- bloat load   some of them
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pictureOf } from '../evaluation/report/pictures.ts';
import { RECORDED, Recorder } from '../src/demo/record/recorder.ts';
import { photographPage } from './pictures/page-picture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURES = 'docs/pictures/';
/** The demo says it once its actuator answers. */
const PAGE_URL = /http:\/\/127\.0\.0\.1:\d+\/?/;
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

/** Runs the demo as it was built, and takes two pictures of this run: a film of its screen, and the actuator's page. */
async function pictureDemo(): Promise<void> {
  const built = new URL('../dist/demo/demo.js', import.meta.url).href;
  const { runDemo } = (await import(built)) as typeof import('../src/demo/demo.ts');
  const recorder = new Recorder();
  const ended = new AbortController();
  let photo: Promise<Buffer> | null = null;
  const code = await runDemo({
    write: (text) => {
      recorder.write(text);
      process.stdout.write(text);
      const pageUrl = PAGE_URL.exec(text)?.[0];
      if (pageUrl !== undefined) photo ??= photographPage(pageUrl, ended.signal);
      // It is awaited below.
      photo?.catch(() => undefined);
    },
    isTerminal: true,
    columns: () => RECORDED.columns,
    colour: true,
    signal: new AbortController().signal,
    redisUrl: null,
    isEmbedded: false,
    jsonEventsPath: null,
    stay: false,
  });
  ended.abort();
  recorder.stop();
  if (code !== 0) throw new Error(`the demo ended with ${code}: its pictures were left as they are`);
  recorder.save(`${ROOT}${PICTURES}demo.svg`);
  writeFileSync(`${ROOT}${PICTURES}page.webp`, (await photo) ?? '');
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const wants = (name: string) => wanted.length === 0 || wanted.includes(name);
  for (const name of CURVE_PICTURES) if (wants(name)) drawCurve(name, `${ROOT}${PICTURES}${name}.svg`);
  if (wants('demo')) await pictureDemo();
}
