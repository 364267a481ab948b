import { writeFileSync } from 'node:fs';
import { filmSvg, type Shot } from './film.ts';
import { Terminal } from './terminal.ts';

/** Of the recorded screen: the summary with which the demo ends fits. */
export const RECORDED = { columns: 80, rows: 32 } as const;
/** Of the run, between two screens of the film. */
const SHOT_EVERY_MS = 2_500;
/** The film is five times as fast, and its last screen stays for 6 s. */
const FILM = { title: 'tidemark demo', ...RECORDED, speed: 5, lastMs: 6_000 };

/** Films what a program writes to a terminal, until it is stopped. */
export class Recorder {
  readonly #terminal = new Terminal(RECORDED.columns, RECORDED.rows);
  readonly #shots: Shot[] = [];
  readonly #startedAtMs = Date.now();
  readonly #timer = setInterval(() => this.#shoot(), SHOT_EVERY_MS).unref();

  write(text: string): void {
    this.#terminal.write(text);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Writes the film, an animated SVG document whose last screen is the present one. */
  save(path: string): void {
    this.#shoot();
    writeFileSync(path, filmSvg(this.#shots, FILM));
  }

  #shoot(): void {
    this.#shots.push({ atMs: Date.now() - this.#startedAtMs, screen: this.#terminal.screen });
  }
}
