/** A line about a fault, or about its end. `fields` holds no secret. */
export interface FaultLine {
  readonly message: string;
  /** Lines of one kind are one fault, whatever their messages; default: the message. */
  readonly kind?: string;
  readonly fields?: object;
}

export interface RecurringFaultOptions {
  readonly say: (level: 'info' | 'warn', message: string, fields?: object) => void;
  /** Between two lines about the same fault; default: a minute. */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;
/** Different kinds of one fault that are said at once within the time: a second cause is news. */
const MAX_KINDS = 3;

/**
 * Bounds the lines about a fault that comes and goes. The first time is said at once, and so is its end. Each further
 * time within a minute is counted, and said in one line with the count and how things stand then; if that was bad, the
 * next end is said at once too. So a fault at every second makes two lines a minute, and none is lost in silence.
 */
export class RecurringFault {
  readonly #say: RecurringFaultOptions['say'];
  readonly #everyMs: number;
  readonly #said = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #unsaid = 0;
  #last: FaultLine | null = null;
  /** Null where nobody says when it is over. */
  #isBad: boolean | null = null;
  /** How things stand by the newest line. */
  #isSaidBad = false;

  constructor({ say, everyMs = EVERY_MS }: RecurringFaultOptions) {
    this.#say = say;
    this.#everyMs = everyMs;
  }

  /** It happened, or happened again. */
  happened(line: FaultLine): void {
    const { message, kind = message, fields } = line;
    if (this.#isBad !== null) this.#isBad = true;
    this.#last = line;
    if (this.#timer !== undefined && (this.#said.has(kind) || this.#said.size >= MAX_KINDS)) {
      this.#unsaid += 1;
      return;
    }
    this.#said.add(kind);
    this.#isSaidBad = true;
    this.#say('warn', message, fields);
    this.#timer ??= this.#later();
  }

  /** It is over. @param line what to say of that; without it nothing is said */
  over(line: FaultLine | null = null): void {
    this.#isBad = false;
    if (!this.#isSaidBad) return;
    this.#isSaidBad = false;
    if (line !== null) this.#say('info', line.message, line.fields);
  }

  /** Says what was only counted, and waits for nothing more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sayCount();
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#said.clear();
      this.#timer = this.#sayCount() ? this.#later() : undefined;
    }, this.#everyMs).unref();
  }

  #sayCount(): boolean {
    if (this.#unsaid === 0 || this.#last === null) return false;
    const { message, kind = message, fields } = this.#last;
    const now = this.#isBad === null ? '' : `; ${this.#isBad ? 'it lasts' : 'it is over now'}`;
    this.#say('warn', `${message} (${this.#unsaid} more times within ${this.#everyMs / 1000} s${now})`, fields);
    this.#said.add(kind);
    this.#isSaidBad = this.#isBad !== false;
    this.#unsaid = 0;
    return true;
  }
}
