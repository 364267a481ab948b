import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer, BenchActuator } from './actuator.ts';
import type { Batches } from './batches.ts';

const compress = promisify(gzip);
const MIB = 1024 ** 2;
export const PERIOD_MS = 10_000;

export type Encoding = 'protobuf' | 'json';

export interface Sending {
  readonly actuator: Pick<BenchActuator, 'send'>;
  readonly batches: Batches;
  readonly encoding: Encoding;
  readonly apps: number;
  /** The statuses of answers that took nothing; absent: such an answer ends the run. */
  readonly refused?: number[];
}

/** Curves of many kinds: level, slowly rising, with steps; a tenth of a MiB of noise on each. */
function usageAt(app: number, dyno: number, timeMs: number): number {
  const seconds = timeMs / 1000;
  const own = app * 250 + dyno;
  const rise = own % 10 === 0 ? ((seconds / 60) % 240) * 0.5 : 0;
  const wave = 8 * Math.sin(seconds / 40 + own);
  return Math.round((150 + (own % 200) + rise + wave + Math.random() / 10) * MIB);
}

export async function bodyOf({ batches, encoding }: Sending, app: number, timeMs: number): Promise<Uint8Array> {
  const batch = { app, timeMs, usageBytes: (dyno: number) => usageAt(app, dyno, timeMs) };
  // Level 1: compressing must not take the CPU that is measured; it makes decompressing slightly dearer.
  return compress(encoding === 'json' ? batches.json(batch) : batches.protobuf(batch), { level: 1 });
}

export function typeOf(encoding: Encoding): string {
  return encoding === 'json' ? 'application/json' : 'application/x-protobuf';
}

async function send(sending: Sending, app: number, timeMs: number): Promise<Answer> {
  const body = await bodyOf(sending, app, timeMs);
  const answer = await sending.actuator.send(body, typeOf(sending.encoding));
  if (answer.status === 200) return answer;
  if (sending.refused === undefined) throw new Error(`a batch was answered with ${answer.status}`);
  sending.refused.push(answer.status);
  return answer;
}

/** What was measured before now, as fast as it is taken: boots as they are after some minutes. */
export async function sendHistory(sending: Sending, historyMs: number): Promise<void> {
  const startMs = Date.now();
  for (let timeMs = startMs - historyMs; timeMs < startMs; timeMs += PERIOD_MS)
    for (let app = 0; app < sending.apps; app++) await send(sending, app, timeMs);
}

/** Each app once in every period, spread over it, one request at a time. Returns how many requests it sent. */
export async function sendFor(sending: Sending, durationMs: number): Promise<number> {
  const startMs = performance.now();
  let sent = 0;
  for (;;) {
    const dueMs = startMs + (sent * PERIOD_MS) / sending.apps;
    if (dueMs >= startMs + durationMs) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    await send(sending, sent % sending.apps, Date.now());
    sent++;
  }
  const restMs = startMs + durationMs - performance.now();
  if (restMs > 0) await delay(restMs);
  return sent;
}
