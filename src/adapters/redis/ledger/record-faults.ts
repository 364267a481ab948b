/** The message about a record that is not in Tidemark's form. */
export interface RecordFault {
  /** The key in Redis, with its field or entry if there is one. */
  readonly key: string;
  readonly why: string;
  /** What Tidemark does without it: a sentence. */
  readonly without: string;
  /** What the person can do: a sentence. */
  readonly advice: string;
}

/** Longest part of an error of Redis or a parser that is repeated: it may contain the record itself. */
const MAX_WHY_LENGTH = 300;
const MAX_REMEMBERED = 1000;
const MORE = 'the others are not named. Find out what else writes to keys that begin with tidemark:.';

/**
 * Logs records that cannot be used. Other programs may write to the same Redis, and a record is read every few seconds,
 * so each record is logged once until it was readable again. The fault is not part of that memory: every script fails
 * at another place.
 */
export class RecordFaults {
  readonly #log: (level: 'info' | 'warn', message: string) => void;
  readonly #reported = new Set<string>();
  #saysMore = false;

  constructor(log: (level: 'info' | 'warn', message: string) => void) {
    this.#log = log;
  }

  report({ key, why, without, advice }: RecordFault): void {
    const line = why.replace(/\s+/g, ' ');
    const short = line.length > MAX_WHY_LENGTH ? `${line.slice(0, MAX_WHY_LENGTH)}...` : line;
    if (this.#reported.has(key)) return;
    if (this.#reported.size >= MAX_REMEMBERED) {
      if (!this.#saysMore)
        this.#log('warn', `More than ${MAX_REMEMBERED} keys in Redis are not in Tidemark's form: ${MORE}`);
      this.#saysMore = true;
      return;
    }
    this.#reported.add(key);
    this.#log('warn', `${key} in Redis is not in Tidemark's form: ${short}. ${without} ${advice}`);
  }

  /** The record could be read. */
  clear(key: string): void {
    if (this.#reported.delete(key)) this.#saysMore = false;
  }
}
