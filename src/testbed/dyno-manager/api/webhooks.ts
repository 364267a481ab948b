import { createHmac, randomUUID } from 'node:crypto';
import type { DynoEvent, LogEntry } from '../event-log.ts';

/** Who receives the app webhooks `api:dyno` and `dyno`. */
export interface WebhookTarget {
  readonly url: string;
  /** Signs each body. */
  readonly secret: string;
}

/** What the platform reports of a dyno, by the event of the log; others are not reported. */
const REPORTED: Partial<Record<DynoEvent, { readonly action: string; readonly state: string }>> = {
  boot: { action: 'create', state: 'starting' },
  up: { action: 'update', state: 'up' },
  crashed: { action: 'update', state: 'crashed' },
  exit: { action: 'destroy', state: 'down' },
};

/** Delivers webhooks, each once: an answer that is not 2xx is only counted. */
export class Webhooks {
  readonly #target: WebhookTarget;
  readonly #createdMs = new Map<string, number>();
  readonly #stopped = new AbortController();
  /** The statuses of the answers, in their order; null: there was none. */
  readonly answers: (number | null)[] = [];

  constructor(target: WebhookTarget) {
    this.#target = target;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async deliver(entry: LogEntry): Promise<void> {
    const reported = REPORTED[entry.event];
    if (reported === undefined || entry.dyno === null || entry.dynoId === null) return;
    if (entry.event === 'boot') this.#createdMs.set(entry.dynoId, entry.timeMs);
    const body = JSON.stringify(eventOf(entry, reported, this.#createdMs.get(entry.dynoId) ?? entry.timeMs));
    const { url, secret } = this.#target;
    const signature = createHmac('sha256', secret).update(body).digest('base64');
    const headers = { 'Content-Type': 'application/json', 'Heroku-Webhook-Hmac-SHA256': signature };
    try {
      const { status } = await fetch(url, { method: 'POST', headers, body, signal: this.#stopped.signal });
      this.answers.push(status);
    } catch {
      this.answers.push(null);
    }
  }
}

/** As Heroku sends it (Dev Center, "Webhook Events"), with a fraction of a second where Heroku has one. */
function eventOf(
  { app, dyno, dynoId, timeMs }: LogEntry,
  { action, state }: { readonly action: string; readonly state: string },
  createdMs: number,
): object {
  const id = randomUUID();
  const time = new Date(timeMs).toISOString();
  const seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    id,
    action,
    resource: 'dyno',
    data: {
      id: dynoId,
      name: dyno,
      type: dyno?.replace(/\.\d+$/, ''),
      state,
      app: { name: app },
      created_at: seconds(createdMs),
      updated_at: seconds(timeMs),
    },
    previous_data: {},
    sequence: null,
    created_at: time,
    updated_at: time,
    published_at: seconds(timeMs),
    version: 'application/vnd.heroku+json; version=3',
    webhook_metadata: { attempt: { id: randomUUID() }, delivery: { id: randomUUID() }, event: { id, include: 'dyno' } },
  };
}
