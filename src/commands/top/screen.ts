import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { type Line, paint } from './text.ts';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J';
const LEAVE = '\u001b[?25h\u001b[?1049l';
/** Terminals that know it show what lies between at once; others ignore it. */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';
/** Where the terminal does not say how large it is. */
const DEFAULT = { columns: 80, rows: 24 };

interface KeyPress {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly sequence?: string;
}

/** The terminal while it belongs to us: its other screen, without a cursor, keys as they are pressed. */
export class Screen {
  readonly #stdin: ReadStream;
  readonly #stdout: WriteStream;
  readonly #isColoured: boolean;
  readonly #onKey: (text: string | undefined, key: KeyPress) => void;
  readonly #onResize: () => void;
  readonly #giveBack = () => this.close();
  /** After a stop the shell has used the terminal. Node sets a mode only if it is another one than it last set. */
  readonly #takeBack = () => {
    this.#stdin.setRawMode(false).setRawMode(true);
    this.#stdout.write(ENTER);
    this.#onResize();
  };
  /** What stands on it, by row. */
  #drawn: readonly string[] = [];
  #isOpen = false;

  constructor(
    {
      stdin,
      stdout,
      isColoured,
    }: { readonly stdin: ReadStream; readonly stdout: WriteStream; readonly isColoured: boolean },
    { onKey, onResize }: { readonly onKey: (key: string) => void; readonly onResize: () => void },
  ) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#isColoured = isColoured;
    this.#onKey = (text, key) => onKey(keyName(text, key));
    this.#onResize = () => {
      this.#drawn = [];
      this.#stdout.write('\u001b[2J');
      onResize();
    };
    emitKeypressEvents(stdin);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#stdout;
    return { columns: columns || DEFAULT.columns, rows: rows || DEFAULT.rows };
  }

  open(): void {
    this.#isOpen = true;
    // Also before the stack of an uncaught exception is printed, which would be lost with the other screen.
    process.on('exit', this.#giveBack).on('uncaughtExceptionMonitor', this.#giveBack).on('SIGCONT', this.#takeBack);
    this.#stdin.on('keypress', this.#onKey).setRawMode(true).resume();
    this.#stdout.on('resize', this.#onResize).write(ENTER);
  }

  /** Gives the terminal back as it was. Harmless when that is done. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.removeListener('exit', this.#giveBack).removeListener('uncaughtExceptionMonitor', this.#giveBack);
    process.removeListener('SIGCONT', this.#takeBack);
    this.#stdout.removeListener('resize', this.#onResize).write(LEAVE);
    this.#stdin.removeListener('keypress', this.#onKey).setRawMode(false).pause();
    this.#drawn = [];
  }

  /** Writes only the rows that have changed, in one piece. */
  draw(lines: readonly Line[]): void {
    if (!this.#isOpen) return;
    const texts = lines.map((line) => paint(line, this.#isColoured));
    const changed = texts.flatMap((text, row) =>
      text === this.#drawn[row] ? [] : [`\u001b[${row + 1};1H${text}\u001b[K`],
    );
    this.#drawn = texts;
    if (changed.length > 0) this.#stdout.write(BEGIN_UPDATE + changed.join('') + END_UPDATE);
  }
}

/** As `press` names keys. */
function keyName(text: string | undefined, { name, ctrl, sequence }: KeyPress): string {
  if (ctrl === true) return `ctrl-${name ?? ''}`;
  if (name === 'enter') return 'return';
  const isPrintable = text !== undefined && text === sequence && /^\P{Cc}+$/u.test(text);
  return isPrintable ? text : (name ?? '');
}
