import { type Frame, frameLine, frameLines, seconds } from './frame.ts';

export interface DisplayOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: () => number;
  readonly colour: boolean;
  /** Where it is no terminal: a line so often. */
  readonly lineEveryMs: number;
}

const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/**
 * Writes frames and events. On a terminal the frame is redrawn in place and events stand above it, so that both remain when the demo is
 * over; elsewhere a frame becomes a line now and then.
 */
export class Display {
  readonly #options: DisplayOptions;
  /** Lines of the frame that stands on the terminal. */
  #drawn = 0;
  #lastLineMs = Number.NEGATIVE_INFINITY;

  constructor(options: DisplayOptions) {
    this.#options = options;
    if (options.isTerminal) options.write(HIDE_CURSOR);
  }

  draw(frame: Frame): void {
    const { write, isTerminal, columns, colour, lineEveryMs } = this.#options;
    if (isTerminal) {
      const lines = frameLines(frame, Math.max(20, columns()), colour);
      write(`${this.#toTop()}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
      this.#drawn = lines.length;
    } else if (frame.elapsedMs - this.#lastLineMs >= lineEveryMs) {
      this.#lastLineMs = frame.elapsedMs;
      write(`${frameLine(frame)}\n`);
    }
  }

  /** Something happened: it stays on the screen. */
  tell(elapsedMs: number, text: string): void {
    this.#options.write(
      `${this.#toTop()}${this.#options.isTerminal ? CLEAR_BELOW : ''}${seconds(elapsedMs)}  ${text}\n`,
    );
    this.#drawn = 0;
  }

  /** The last frame stays, and the cursor comes back. */
  end(): void {
    if (this.#options.isTerminal) this.#options.write(SHOW_CURSOR);
    this.#drawn = 0;
  }

  #toTop(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
  }
}
