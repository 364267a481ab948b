import { randomUUID } from 'node:crypto';
import { type DrainLine, framed } from './log-lines.ts';

export interface LogDrainOptions {
  /** As `heroku drains:add` takes it: a token in the user part becomes Basic. */
  readonly url: string;
  /** One frame in this many is sent twice, as when its answer was lost; 0: never. */
  readonly repeatEvery: number;
  /** Called with each body that is sent for the first time. */
  readonly onBody?: (body: string) => void;
}

/** Logplex fills a frame up to about this size. */
const FRAME_BYTES = 4096;
/** Lines in the buffer at most; beyond them the oldest are dropped. */
const MAX_LINES = 1024;
const RETRY_AFTER_MS = 1_000;
const TIMEOUT_MS = 5_000;

/**
 * One HTTPS drain, as Logplex serves it: frames of lines one after the other; a frame is sent once more after a 5xx or
 * no answer, with the same id, and dropped after that or after a 4xx.
 */
export class LogDrain {
  readonly #options: LogDrainOptions;
  readonly #token = `d.${randomUUID()}`;
  readonly #lines: string[] = [];
  readonly #stop = new AbortController();
  #frames = 0;
  #sending: Promise<void> | null = null;

  constructor(options: LogDrainOptions) {
    this.#options = options;
  }

  write(lines: readonly DrainLine[]): void {
    this.#lines.push(...lines.map(framed));
    if (this.#lines.length > MAX_LINES) this.#lines.splice(0, this.#lines.length - MAX_LINES);
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
  }

  /** Resolves when what was written is delivered or dropped. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#lines.length > 0 && !this.#stop.signal.aborted) {
      let count = 0;
      for (let bytes = 0; count < this.#lines.length && bytes < FRAME_BYTES; count++)
        bytes += Buffer.byteLength(this.#lines[count] ?? '');
      await this.#deliver(this.#lines.splice(0, count));
    }
  }

  async #deliver(lines: readonly string[]): Promise<void> {
    this.#frames++;
    const body = lines.join('');
    const id = randomUUID().replaceAll('-', '').toUpperCase();
    const { repeatEvery, onBody } = this.#options;
    onBody?.(body);
    const isDone = await this.#post(body, id, lines.length);
    const isAnswerLost = repeatEvery > 0 && this.#frames % repeatEvery === 0;
    if (isDone && !isAnswerLost) return;
    if (!isDone) await this.#pause();
    await this.#post(body, id, lines.length);
  }

  /** Whether the frame is done with. */
  async #post(body: string, id: string, count: number): Promise<boolean> {
    const url = new URL(this.#options.url);
    const { username, password } = url;
    url.username = '';
    url.password = '';
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/logplex-1',
          'logplex-msg-count': String(count),
          'logplex-frame-id': id,
          'logplex-drain-token': this.#token,
          'user-agent': 'Logplex/v72',
          ...(user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
        },
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      return response.status < 500;
    } catch {
      return false;
    }
  }

  async #pause(): Promise<void> {
    const { signal } = this.#stop;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_AFTER_MS);
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
    });
  }
}
