import { setTimeout as delay } from 'node:timers/promises';
import type { ActuatorEvent, Notice } from '../../ports.ts';

export interface WebhookOptions {
  /** The URL is a secret: whoever knows it can post. It is never part of a fault. */
  readonly url: string;
  /** Told when a message could not be delivered after every try. */
  readonly onFault: (message: string) => void;
  /** Before the second, third, ... try. */
  readonly retryAfterMs?: readonly number[];
}

const RETRY_AFTER_MS = [1000, 5000, 30_000];
const DEADLINE_MS = 10_000;
/** More messages than these wait for no one: the newest are dropped, and said to be. */
const MAX_WAITING = 100;

/**
 * Posts what people should know as JSON with a `text`, which Slack and those that follow its form show as it is, and the numbers beside
 * it. Never in the way of the loop: messages are sent one after the other in the background.
 */
export function createWebhookNotice(options: WebhookOptions): Notice {
  let waiting = 0;
  let chain: Promise<void> = Promise.resolve();
  return {
    async send(event) {
      const text = textOf(event);
      if (text === null) return;
      if (waiting >= MAX_WAITING) return options.onFault('the webhook is too slow: a message was dropped');
      waiting += 1;
      chain = chain
        .then(() => deliver(options, { text, event }))
        .finally(() => {
          waiting -= 1;
        });
    },
  };
}

async function deliver(
  options: WebhookOptions,
  message: { readonly text: string; readonly event: ActuatorEvent },
): Promise<void> {
  const waits = [0, ...(options.retryAfterMs ?? RETRY_AFTER_MS)];
  let why = '';
  for (const waitMs of waits) {
    if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
    why = await post(options.url, JSON.stringify(message));
    if (why === '') return;
  }
  options.onFault(`the webhook took no message in ${waits.length} tries: ${why}`);
}

/** Empty where it was taken; else why not, without the URL. */
async function post(url: string, body: string): Promise<string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(DEADLINE_MS),
      redirect: 'error',
    });
    await response.body?.cancel();
    return response.ok ? '' : `status ${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.name : 'no answer';
  }
}

/** The message for people; null for what only the log needs: moves on the way, and decisions to do nothing. */
function textOf(event: ActuatorEvent): string | null {
  switch (event.type) {
    case 'attempt': {
      const { attempt } = event;
      if (attempt.phase !== 'closed') return null;
      return `${attempt.target.app} ${attempt.dyno}: ${attempt.outcome} (${attempt.reason}). ${attempt.explanation}`;
    }
    case 'decision': {
      const { decision } = event;
      if (decision.action !== 'advise') return null;
      return `${decision.app ?? 'unknown app'} ${decision.dyno}: advice (${decision.reason}). ${decision.explanation}`;
    }
    case 'reclaimed':
      return null;
  }
}
