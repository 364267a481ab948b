/** What a person is told of a record that is not as Tidemark writes it. */
export interface RecordFault {
  /** The key in Redis, with the field or entry where there is one. */
  readonly key: string;
  readonly why: string;
  /** What Tidemark does without it: a sentence. */
  readonly without: string;
  /** What the person can do: a sentence. */
  readonly advice: string;
}

/** At most this much of what Redis or a parser said is repeated: it may hold the record itself. */
const MAX_WHY_LENGTH = 300;
const MAX_REMEMBERED = 1000;

/**
 * Tells of records that cannot be used. Others may write to the same Redis, and a record is read again every few seconds: each record is told of once,
 * until it was readable again. Not by what is wrong with it: each script stumbles in a place of its own.
 */
export class RecordFaults {
  readonly #log: (level: 'info' | 'warn', message: string) => void;
  readonly #told = new Set<string>();

  constructor(log: (level: 'info' | 'warn', message: string) => void) {
    this.#log = log;
  }

  tell({ key, why, without, advice }: RecordFault): void {
    const line = why.replace(/\s+/g, ' ');
    const short = line.length > MAX_WHY_LENGTH ? `${line.slice(0, MAX_WHY_LENGTH)}...` : line;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear();
    this.#told.add(key);
    this.#log('warn', `${key} in Redis is not as Tidemark writes it: ${short}. ${without} ${advice}`);
  }

  /** The record could be read. */
  clear(key: string): void {
    this.#told.delete(key);
  }
}
