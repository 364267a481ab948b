import { setTimeout as delay } from 'node:timers/promises';
import type { JobShare } from '../../model/job-point.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Notice, NoticeEvent } from '../../ports.ts';
import { parseRetryAfter } from '../../shared/retry-after.ts';
import { linkOf, messageOf } from './message.ts';
import { payloadOf } from './payload.ts';

export interface WebhookOptions {
  /** A secret: whoever knows the URL can post. No fault contains it. */
  readonly url: string;
  /** Where people reach the page; null: messages carry no link. Default: null. */
  readonly publicUrl?: string | null;
  /** The job names that made a boot grow, the worst first. Default: none is known. */
  readonly suspects?: (boot: Pick<BootIdentity, 'app' | 'dyno' | 'bootId'>, count: number) => readonly JobShare[];
  /** Called when a message could not be delivered after all retries. */
  readonly onFault: (message: string) => void;
  /** Waits before the second, third, ... try. */
  readonly retryAfterMs?: readonly number[];
  /** Monotonic ms. */
  readonly nowMs?: () => number;
}

export interface WebhookNotice extends Notice {
  /** Takes no more messages, and waits at most this long for those under way. */
  close(limitMs: number): Promise<void>;
}

const RETRY_AFTER_MS = [1000, 5000, 30_000, 120_000];
/** Upper bound for the time that a receiver asks for. */
const LONGEST_WAIT_MS = 120_000;
const DEADLINE_MS = 10_000;
/** Messages that may wait. Further ones are dropped, and that is logged. */
const MAX_WAITING = 100;
/** The same advice for the same dyno is repeated no sooner: a class may change back and forth. */
const SAME_ADVICE_AFTER_MS = 60 * 60_000;
const MAX_ADVICES = 1000;
const SUSPECTS = 3;

/**
 * Posts messages for people, one after the other, in the background, so that the loop never waits for them. A message
 * that is not accepted is retried where that may help: no answer, 429, 5xx.
 */
export function createWebhookNotice(options: WebhookOptions): WebhookNotice {
  const { nowMs = () => performance.now(), publicUrl = null, suspects = () => [] } = options;
  const repeated = adviceFilter(nowMs);
  const closed = new AbortController();
  let waiting = 0;
  let chain: Promise<void> = Promise.resolve();
  return {
    async send(event) {
      const message = messageOf(event, event.type === 'decision' ? suspects(event.decision, SUSPECTS) : []);
      if (message === null || closed.signal.aborted || repeated(event)) return;
      if (waiting >= MAX_WAITING) return options.onFault('the webhook is too slow: Tidemark dropped a message');
      waiting += 1;
      const body = JSON.stringify(payloadOf(options.url, message, event, linkOf(event, publicUrl)));
      chain = chain
        .then(() => deliver(options, body, closed.signal))
        .finally(() => {
          waiting -= 1;
        });
    },
    async close(limitMs) {
      await Promise.race([chain, delay(limitMs)]);
      closed.abort();
      await chain;
    },
  };
}

/** Returns whether the same advice was sent for the same dyno a short while ago. */
function adviceFilter(nowMs: () => number): (event: NoticeEvent) => boolean {
  const given = new Map<string, number>();
  return (event) => {
    if (event.type !== 'decision') return false;
    const { app, dyno, reason } = event.decision;
    const key = `${app}|${dyno}|${reason}`;
    const lastMs = given.get(key);
    if (lastMs !== undefined && nowMs() - lastMs < SAME_ADVICE_AFTER_MS) return true;
    given.delete(key);
    given.set(key, nowMs());
    const [oldest] = given.keys();
    if (given.size > MAX_ADVICES && oldest !== undefined) given.delete(oldest);
    return false;
  };
}

async function deliver(options: WebhookOptions, body: string, closed: AbortSignal): Promise<void> {
  const waits = options.retryAfterMs ?? RETRY_AFTER_MS;
  let tries = 0;
  for (;;) {
    if (closed.aborted) return options.onFault('the actuator stopped before the webhook accepted a message');
    const answer = await post(options.url, body, closed);
    tries += 1;
    if (answer.taken) return;
    const waitMs = waits[tries - 1];
    if (!answer.mayTryAgain || waitMs === undefined) {
      return options.onFault(
        `the webhook did not accept a message in ${tries} ${tries === 1 ? 'try' : 'tries'}: ${answer.why}`,
      );
    }
    await delay(Math.max(waitMs, answer.afterMs), undefined, { ref: false, signal: closed }).catch(() => undefined);
  }
}

type PostAnswer =
  | { readonly taken: true }
  | { readonly taken: false; readonly why: string; readonly mayTryAgain: boolean; readonly afterMs: number };

/** The reason for a failure never contains the URL. */
async function post(url: string, body: string, closed: AbortSignal): Promise<PostAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), closed]),
      redirect: 'error',
    });
    await response.body?.cancel();
    if (response.ok) return { taken: true };
    const mayTryAgain = response.status === 429 || response.status >= 500;
    const afterMs = Math.min(LONGEST_WAIT_MS, parseRetryAfter(response.headers.get('retry-after'), Date.now()) ?? 0);
    return { taken: false, why: `status ${response.status}`, mayTryAgain, afterMs };
  } catch (error) {
    return { taken: false, why: error instanceof Error ? error.name : 'no answer', mayTryAgain: true, afterMs: 0 };
  }
}
