/**
 * How many data points a second the actuator takes on one core: OTLP over HTTP, gzip, protobuf, 8,192 data points a
 * request.
 * `node bench/ingest.ts`, about 20 seconds.
 *
 * The receiver runs in its own process and is measured by its CPU time, all threads together, so that neither the
 * sender nor other load on the machine counts; the wall-clock figure is printed next to it. The requests are made by
 * OpenTelemetry's own SDK and serialiser before the clock starts. Medians over the rounds, and the best one,
 * which other load on the machine disturbed least; the first rounds warm up and do not count.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { decodeProtobuf } from '../src/sources/otlp/otlp-protobuf.ts';
import { DATA_POINTS, type Payload, payloads } from './ingest-payload.ts';

const REQUESTS_PER_ROUND = 40;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 15;
interface Round {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly rssBytes: number;
}

interface Report extends Omit<Round, 'wallMs'> {
  readonly points: number;
  readonly counts: Readonly<Record<string, number>>;
}

const startMs = Date.now();
const requests = await payloads(Array.from({ length: REQUESTS_PER_ROUND }, (_, index) => startMs + index));
const [first] = requests;
if (first === undefined) throw new Error('no payload');
process.stdout.write(
  `One request: ${DATA_POINTS} data points of 512 processes, ${first.protobuf.length} bytes, ` +
    `${first.gzip.length} with gzip.\n`,
);

print(
  'decode alone, one thread',
  timed(() => decodeProtobuf(first.protobuf)),
);
print(
  'gunzip and decode, one thread',
  timed(() => decodeProtobuf(gunzipSync(first.gzip, { chunkSize: 4 * 1024 ** 2 }))),
);

const rounds = await overHttp(requests);
const perRequest = (of: (round: Round) => number) => rounds.map((round) => of(round) / REQUESTS_PER_ROUND);
print(
  'over HTTP, by CPU time of the receiver (one core)',
  perRequest(({ cpuMs }) => cpuMs),
);
print(
  'over HTTP, by the wall clock (one sender, machine as it is)',
  perRequest(({ wallMs }) => wallMs),
);
process.stdout.write(`RSS of the receiver at the end: ${Math.round((rounds.at(-1)?.rssBytes ?? 0) / 1024 ** 2)} MiB\n`);

/** Ms of each call, after a warm-up. */
function timed(run: () => void): readonly number[] {
  const times: number[] = [];
  for (let index = 0; index < 400; index++) {
    const begin = performance.now();
    run();
    times.push(performance.now() - begin);
  }
  return times.slice(100);
}

async function overHttp(batch: readonly Payload[]): Promise<readonly Round[]> {
  const server = fork(fileURLToPath(new URL('ingest-server.ts', import.meta.url)));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const rounds: Round[] = [];
    for (let index = 0; index < WARM_UP_ROUNDS + ROUNDS; index++) {
      const report = once(server, 'message') as Promise<[Report]>;
      const begin = performance.now();
      await sendAll(batch, { agent, port });
      const wallMs = performance.now() - begin;
      server.send('report');
      const [{ cpuMs, rssBytes, counts }] = await report;
      checkCounts(counts);
      if (index >= WARM_UP_ROUNDS) rounds.push({ cpuMs, wallMs, rssBytes });
    }
    return rounds;
  } finally {
    agent.destroy();
    server.disconnect();
  }
}

/** Points that were refused or dropped would be cheap. */
function checkCounts({ accepted = 0, ignored = 0, ...others }: Readonly<Record<string, number>>): void {
  const dropped = Object.values(others).reduce((sum, count) => sum + count, 0);
  if (accepted + ignored !== REQUESTS_PER_ROUND * DATA_POINTS || dropped > 0 || accepted < ignored / 2) {
    throw new Error(`not all was taken: ${JSON.stringify({ accepted, ignored, ...others })}`);
  }
}

/**
 * One after the other, as a Collector with one consumer does: parallel requests overtake each other, and late points
 * are dropped.
 */
async function sendAll(batch: readonly Payload[], to: { readonly agent: Agent; readonly port: number }): Promise<void> {
  for (const { gzip } of batch) await send(gzip, to);
}

function send(body: Uint8Array, { agent, port }: { readonly agent: Agent; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': body.length,
      authorization: 'Bearer bench',
    };
    const sent = request(
      { agent, port, host: '127.0.0.1', path: '/v1/metrics', method: 'POST', headers },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function print(what: string, msPerRequest: readonly number[]): void {
  const millions = (ms: number) => (DATA_POINTS / ms / 1000).toFixed(2);
  const middle = median(msPerRequest);
  const best = millions(Math.min(...msPerRequest));
  process.stdout.write(
    `${what}: ${millions(middle)} million data points/s (${middle.toFixed(2)} ms a request; best ${best} million)\n`,
  );
}
