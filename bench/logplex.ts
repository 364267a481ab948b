/**
 * What log drains cost the actuator: processor time for 5,000 lines a second, as Logplex sends them (frames of 4 KiB),
 * of which one in ten is a memory sample and the others are lines of apps. `node bench/logplex.ts`, about 10 seconds.
 *
 * The receiver is the actuator's own, with server, intake and boots, in this process, and measured by its processor
 * time; the sender is a process of its own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { BootRegistry } from '../src/actuator/boot-registry.ts';
import { defaultPolicy } from '../src/config/policy.ts';
import { BodiesInFlight } from '../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../src/sources/decode-queue.ts';
import { Intake } from '../src/sources/intake.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../src/sources/limits.ts';
import { createLogplexSource } from '../src/sources/logplex/logplex-http.ts';
import { framed, memoryLines } from '../src/testbed/dyno-manager/logs/log-lines.ts';

const LINES_PER_SECOND = 5_000;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;
const FRAME_BYTES = 4096;
const DYNOS = 1_000;
const MIB = 2 ** 20;

const startMs = Math.floor(Date.now() / 1000) * 1_000 - SECONDS * 1_000;
const [, , senderUrl] = process.argv;
if (senderUrl === undefined) await measure();
else await sendAll(senderUrl);

async function measure(): Promise<void> {
  const { server, intake } = await startReceiver();
  const { port } = server.address() as AddressInfo;
  const sender = fork(fileURLToPath(import.meta.url), [`http://127.0.0.1:${port}/v1/logplex`]);
  const costs: number[] = [];
  for (let second = 0; second < WARM_UP_SECONDS + SECONDS; second++) {
    await once(sender, 'message');
    const before = process.cpuUsage();
    const sent = once(sender, 'message');
    sender.send('go');
    await sent;
    const { user, system } = process.cpuUsage(before);
    if (second >= WARM_UP_SECONDS) costs.push((user + system) / 1000);
  }
  sender.disconnect();
  intake.settle();
  server.closeAllConnections();
  server.close();
  const { accepted } = intake.counts();
  const expected = (WARM_UP_SECONDS + SECONDS) * (LINES_PER_SECOND / 10) * 3;
  if (accepted !== expected) throw new Error(`${accepted} values were taken, not ${expected}`);
  const sorted = costs.toSorted((a, b) => a - b);
  const percent = (ms: number | undefined) => `${((ms ?? Number.NaN) / 10).toFixed(1)} %`;
  process.stdout.write(
    `${LINES_PER_SECOND} lines a second, ${DYNOS} dynos: ${percent(sorted[Math.floor(sorted.length / 2)])} of a core ` +
      `(median of ${SECONDS} s; best ${percent(sorted[0])})\n`,
  );
}

async function startReceiver() {
  const clock = { now: () => Date.now() };
  const registry = new BootRegistry(defaultPolicy());
  const intake = new Intake({ maxPointAgeMs: 3_600_000, clock, accept: (points) => registry.accept(points) });
  const source = createLogplexSource({
    tokens: [{ app: 'shop', token: 'bench' }],
    ready: () => true,
    intake,
    inFlight: new BodiesInFlight(FLIGHT_LIMITS),
    queue: new DecodeQueue(DECODE_LIMITS),
    onQuotaErrors: () => undefined,
    onRefused: (kind) => process.stderr.write(`refused: ${kind}\n`),
  });
  const listener = getRequestListener((request) => source.handle(request, null, '127.0.0.1'));
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, intake };
}

/** Each second's frames are made before they are asked for. */
async function sendAll(url: string): Promise<void> {
  for (let second = 0; second < WARM_UP_SECONDS + SECONDS; second++) {
    const frames = framesOf(linesOf(second));
    const go = once(process, 'message');
    process.send?.('ready');
    await go;
    for (const [index, body] of frames.entries()) await send(url, body, `${second}-${index}`);
    process.send?.('sent');
  }
}

function linesOf(second: number): readonly string[] {
  return Array.from({ length: LINES_PER_SECOND }, (_, index) => {
    const timeMs = startMs + second * 1_000 + Math.floor((index * 1000) / LINES_PER_SECOND);
    const number = (second * (LINES_PER_SECOND / 10) + index / 10) % DYNOS;
    const dyno = `worker.${Math.floor(number) + 1}`;
    if (index % 10 !== 0) {
      const message = `[INFO] job=${index} performed in 12.3 ms, class=SendMailJob queue=default ${'x'.repeat(90)}`;
      return framed({ timeMs, from: `app ${dyno}`, message });
    }
    const dynoId = `5fb3210e-a52b-4d35-9620-${String(Math.floor(number)).padStart(12, '0')}`;
    const memory = { dyno, dynoId, rssBytes: 300 * MIB, swapBytes: 0, quotaBytes: 512 * MIB };
    const [, sample] = memoryLines(memory, timeMs);
    return sample === undefined ? '' : framed(sample);
  });
}

function framesOf(lines: readonly string[]): readonly string[] {
  const frames: string[] = [];
  let frame = '';
  for (const line of lines) {
    frame += line;
    if (frame.length < FRAME_BYTES) continue;
    frames.push(frame);
    frame = '';
  }
  return frame === '' ? frames : [...frames, frame];
}

async function send(url: string, body: string, id: string): Promise<void> {
  const headers = {
    'content-type': 'application/logplex-1',
    'logplex-frame-id': id,
    authorization: `Basic ${Buffer.from('bench:').toString('base64')}`,
  };
  const response = await fetch(url, { method: 'POST', body, headers });
  await response.arrayBuffer();
  if (response.status !== 204) throw new Error(`answered ${response.status}`);
}
