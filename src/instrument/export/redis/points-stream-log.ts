import { isRefusal, PERMISSIONS_ADVICE } from '../../bullmq/redis-refusal.ts';
import { oneLine } from '../../voice.ts';
import type { ExportLog, ExportProblem } from '../otlp/export-log.ts';

/**
 * An actuator records every 10 s how far it has read. This also covers the workers' interval and a restart of the
 * actuator.
 */
const UNREAD_AFTER_MS = 60_000;
const MAX_QUOTE_LENGTH = 240;

const FULL = 'Your jobs are unaffected. Free memory there (maxmemory), or set TIDEMARK_TRANSPORT=otlp.';
const UNREAD =
  'Run an actuator with TIDEMARK_SOURCE=redis and REDIS_URL of this Redis, ' +
  'or set TIDEMARK_TRANSPORT=otlp in the workers.';

/** Prints what happens to the points stream, and whether an actuator reads it. */
export class PointsStreamLog {
  readonly #log: ExportLog;
  readonly #subject: string;
  readonly #unreadAfterMs: number;
  /** Redis's time of this process's first entry, Unix ms. */
  #firstAtMs: number | null = null;

  constructor(log: ExportLog, subject: string, intervalMs: number) {
    this.#log = log;
    this.#subject = subject;
    this.#unreadAfterMs = UNREAD_AFTER_MS + 2 * intervalMs;
  }

  /** @param reply the new entry's id, and the id up to which an actuator has read */
  appended(reply: unknown): void {
    const [id, readId] = Array.isArray(reply) ? reply.map(String) : [];
    const atMs = millisecondsOf(id);
    this.#firstAtMs ??= atMs;
    const isKnown = atMs !== null && this.#firstAtMs !== null && readId !== 'unknown';
    const readToMs = Math.max(millisecondsOf(readId) ?? 0, this.#firstAtMs ?? 0);
    if (!isKnown || atMs - readToMs <= this.#unreadAfterMs) {
      this.#log.succeeded();
      return;
    }
    const minutes = Math.floor((atMs - readToMs) / 60_000);
    const sentence =
      `${this.#subject} is not monitored: no actuator has read the stream tidemark:points for ${minutes} min. ` +
      `${UNREAD}`;
    this.#log.failed({ kind: 'unread', sentence });
  }

  failed(error: unknown): void {
    this.#log.failed(problemOf(error instanceof Error ? error.message : String(error), this.#subject));
  }
}

function problemOf(message: string, subject: string): ExportProblem {
  const sentence = (what: string, advice: string) => `${subject} is not reported: ${what}. ${advice}`;
  if (/^(?:ERR .*)?OOM\b|maxmemory/.test(message)) {
    return { kind: 'redis-full', sentence: sentence("the queue's Redis is out of memory", FULL) };
  }
  const what =
    "the stream tidemark:points on the queue's Redis could not be written " +
    `("${oneLine(message, MAX_QUOTE_LENGTH)}")`;
  if (isRefusal(message)) return { kind: 'redis-refusal', sentence: sentence(what, PERMISSIONS_ADVICE) };
  return { kind: 'redis', sentence: sentence(what, 'Tidemark keeps trying.') };
}

/** The time in an entry's id, `ms-sequence`; null for other text. */
function millisecondsOf(id: string | undefined): number | null {
  return /^\d+-\d+$/.test(id ?? '') ? Number.parseInt(id ?? '', 10) : null;
}
