import { printLine } from './print-line.ts';

/** Characters. A longer line repeats a receiver's text. */
const MAX_LINE_LENGTH = 700;
const MAX_WAITING_LINES = 20;

/**
 * Tidemark's lines on the worker's own output, whether or not the application has an OpenTelemetry diagnostics logger.
 * The lines go to standard error: standard output belongs to the application.
 *
 * Lines are kept until a worker runs in this process. A process that loads BullMQ only to add jobs, a package manager
 * under `NODE_OPTIONS` and a sandboxed child never run one, so they stay silent.
 */
export class Voice {
  #waiting: string[] | null = [];

  /** Prints a sentence, once a worker runs. Control characters become spaces, and a long line is cut. Never throws. */
  say(sentence: string): void {
    if (this.#waiting === null) print(sentence);
    else if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push(sentence);
  }

  /** Prints the kept lines, and from now on each line at once. */
  workerRuns(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const sentence of waiting) print(sentence);
  }
}

/** On one line, without control characters, no longer than `maxLength`. */
export function oneLine(text: string, maxLength: number): string {
  const line = text
    // C0 and C1 control characters, and characters that change the direction of text.
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 3)}...`;
}

function print(sentence: string): void {
  printLine(`tidemark: ${oneLine(sentence, MAX_LINE_LENGTH)}`);
}
