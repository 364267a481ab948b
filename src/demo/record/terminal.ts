/** One character on the screen, and how it is painted. */
export interface Cell {
  readonly character: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly yellow: boolean;
}

export type Screen = readonly (readonly Cell[])[];

const PLAIN = { bold: false, dim: false, yellow: false };
/** SGR codes that the demo uses. */
const PAINT: Readonly<Record<string, Partial<typeof PLAIN>>> = {
  '0': PLAIN,
  '1': { bold: true },
  '2': { dim: true },
  '33': { yellow: true },
};
/** The escape character, then `[`, an argument and a letter. */
const CODE = new RegExp(`${String.fromCharCode(27)}\\[(\\??[\\d;]*)([A-Za-z])`, 'y');

/**
 * A terminal with as many escape codes as the demo writes: cursor up, clear to the end of the line or of the screen,
 * colours. It keeps every line that scrolled away, but the cursor cannot go back to those, as in a real terminal.
 */
export class Terminal {
  readonly #columns: number;
  readonly #rows: number;
  readonly #lines: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #style = PLAIN;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** The lines that are on the screen now, top first. */
  get screen(): Screen {
    return this.#lines.slice(this.#topRow).map((line) => [...line]);
  }

  write(text: string): void {
    for (let at = 0; at < text.length; ) {
      CODE.lastIndex = at;
      const code = CODE.exec(text);
      if (code === null) {
        this.#put(text[at] ?? '');
        at += 1;
      } else {
        this.#obey(code[2] ?? '', code[1] ?? '');
        at += code[0].length;
      }
    }
  }

  get #topRow(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#moveTo(this.#row + 1);
    else {
      if (this.#column === this.#columns) this.#moveTo(this.#row + 1);
      const line = this.#lines[this.#row] ?? [];
      while (line.length < this.#column) line.push({ character: ' ', ...PLAIN });
      line[this.#column] = { character, ...this.#style };
      this.#column += 1;
    }
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#column = 0;
    while (this.#lines.length <= row) this.#lines.push([]);
  }

  #obey(command: string, argument: string): void {
    if (command === 'A') this.#row = Math.max(this.#topRow, this.#row - Number(argument || 1));
    if (command === 'K' || command === 'J') this.#lines[this.#row]?.splice(this.#column);
    if (command === 'J') this.#lines.splice(this.#row + 1);
    if (command === 'm') this.#style = { ...this.#style, ...PAINT[argument || '0'] };
  }
}
