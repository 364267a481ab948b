import { wrap } from '../../model/text/lines.ts';
import { type Frame, frameLine, frameLines, seconds } from './frame.ts';

export interface DisplayOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: () => number;
  readonly colour: boolean;
  /** If it is no terminal: the time between two lines. */
  readonly lineEveryMs: number;
}

const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const MIN_COLUMNS = 20;
/** What stands left of a text, with two spaces after it: the time of an event, or the name of a value. */
const LEFT_COLUMN = /^ *\S+(?: \S+)? {2,}/;

/**
 * Writes frames and events. On a terminal the frame is redrawn in place and events stand above it, so that both remain
 * when the demo is over; elsewhere a frame becomes one line every `lineEveryMs`.
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
    const { write, isTerminal, colour, lineEveryMs } = this.#options;
    if (isTerminal) {
      const lines = frameLines(frame, this.#columns, colour);
      write(`${this.#toTop()}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
      this.#drawn = lines.length;
    } else if (frame.elapsedMs - this.#lastLineMs >= lineEveryMs) {
      this.#lastLineMs = frame.elapsedMs;
      write(`${frameLine(frame)}\n`);
    }
  }

  /** Something happened: it stays on the screen. */
  announce(elapsedMs: number, event: string): void {
    const { write, isTerminal } = this.#options;
    const text = `${seconds(elapsedMs)}  ${event}`;
    write(isTerminal ? `${this.#toTop()}${CLEAR_BELOW}${this.#wrapped(text)}\n` : `${text}\n`);
    this.#drawn = 0;
  }

  /** Text of several lines, below everything else. */
  print(text: string): void {
    const { write, isTerminal } = this.#options;
    const lines = text.split('\n').map((line) => (isTerminal ? this.#wrapped(line) : line));
    write(lines.join('\n'));
    this.#drawn = 0;
  }

  /** The last frame stays, and the cursor comes back. */
  end(): void {
    if (this.#options.isTerminal) this.#options.write(SHOW_CURSOR);
    this.#drawn = 0;
  }

  get #columns(): number {
    return Math.max(MIN_COLUMNS, this.#options.columns());
  }

  /** One column less than the terminal has, because some break a line that fills it. A left column stays free. */
  #wrapped(line: string): string {
    const left = LEFT_COLUMN.exec(line)?.[0] ?? '';
    const [first = '', ...rest] = wrap(line.slice(left.length), this.#columns - 1 - left.length, 0).split('\n');
    return [left + first, ...rest.map((text) => ' '.repeat(left.length) + text)].join('\n');
  }

  #toTop(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
  }
}
