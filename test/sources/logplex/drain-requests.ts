import type { Point } from '../../../src/model/point.ts';
import { BodiesInFlight } from '../../../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../../src/sources/decode-queue.ts';
import { Intake, type IntakeOptions } from '../../../src/sources/intake.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../../../src/sources/limits.ts';
import type { QuotaError } from '../../../src/sources/logplex/decode-log.ts';
import { createLogplexSource, type LogplexSourceOptions } from '../../../src/sources/logplex/logplex-http.ts';
import { T0 } from '../otlp/senders/requests.ts';

export { T0 };

export const BOOT_ID = '5fb3210e-a52b-4d35-9620-cc5a2cb416d7';
export const OTHER_ID = '7a1c0b52-1111-4d35-9620-0c5a2cb416d8';

/** One line as Logplex sends it; `heroku[worker.1]` is written `heroku worker.1`. */
export function syslog(from: string, message: string, timeMs = T0): string {
  const time = new Date(timeMs).toISOString().replace('Z', '000+00:00');
  return `<45>1 ${time} host ${from} - ${message}\n`;
}

/** A line of log-runtime-metrics, in MB. */
export function sample(rss: string, { swap = '0.00', quota = '512.00', dyno = 'worker.1', bootId = BOOT_ID } = {}) {
  return (
    `source=${dyno} dyno=heroku.295224626.${bootId} sample#memory_total=900.00MB sample#memory_rss=${rss}MB ` +
    `sample#memory_cache=9.43MB sample#memory_swap=${swap}MB sample#memory_pgpgin=32268pages ` +
    `sample#memory_pgpgout=9527pages sample#memory_quota=${quota}MB`
  );
}

/** Octet counting: the length is in bytes. */
export function framed(...lines: readonly string[]): string {
  return lines.map((line) => `${Buffer.byteLength(line)} ${line}`).join('');
}

export const basic = (user: string, password = '') => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

type Options = Partial<LogplexSourceOptions & IntakeOptions>;

export function source(options: Options = {}) {
  const accepted: Point[] = [];
  const errors: QuotaError[] = [];
  const refused: string[] = [];
  const intake = new Intake({
    maxPointAgeMs: 30_000,
    clock: { now: () => T0 },
    accept: (points) => accepted.push(...points),
    ...options,
  });
  const { handle } = createLogplexSource({
    tokens: [{ app: 'shop', token: 'good' }],
    ready: () => true,
    intake,
    inFlight: new BodiesInFlight(FLIGHT_LIMITS),
    queue: new DecodeQueue(DECODE_LIMITS),
    onQuotaErrors: (found) => errors.push(...found),
    onRefused: (kind) => refused.push(kind),
    ...options,
  });
  const send = ({ body = '', headers = {}, app = null, from = '10.0.0.1', method = 'POST' }: Sent = {}) => {
    const request = new Request('http://127.0.0.1/v1/logplex', {
      method,
      headers: { 'content-type': 'application/logplex-1', ...basic('good'), ...headers },
      ...(method === 'GET' ? {} : { body }),
    });
    return handle(request, app, from);
  };
  return { send, accepted, errors, refused, counts: () => intake.counts() };
}

export interface Sent {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** As the path names it. */
  readonly app?: string | null;
  readonly from?: string;
  readonly method?: string;
}
