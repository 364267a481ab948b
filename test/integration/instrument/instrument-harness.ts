import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Far beyond what any of these applications needs, and below the time for which a held process would live. */
const LIFE_LIMIT_MS = 20_000;

/** A line in which Tidemark says that it reports, to the end. */
const REPORT = /^tidemark: (?:reporting|measuring) .*\n/gm;

export type BullmqVersion = 5 | 6;

/** An application's folder: the fixtures, a BullMQ of the wanted version, and this package under its own name. */
export class AppFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'tidemark-app-'));

  constructor(version: BullmqVersion = 6) {
    cpSync(join(REPOSITORY, 'test/fixtures/instrument'), this.path, { recursive: true });
    mkdirSync(join(this.path, 'node_modules/tidemark'), { recursive: true });
    this.#link(`node_modules/${version === 6 ? 'bullmq' : 'bullmq5'}`, 'node_modules/bullmq');
    this.#link('node_modules/@opentelemetry', 'node_modules/@opentelemetry');
    this.#link('src', 'node_modules/tidemark/src');
    const exports = { '.': './src/index.ts', './register': './src/register.ts' };
    const manifest = { name: 'tidemark', type: 'module', exports };
    writeFileSync(join(this.path, 'node_modules/tidemark/package.json'), JSON.stringify(manifest));
  }

  /** A second BullMQ, out of sight of the entry script. */
  addInnerBullmq(): void {
    mkdirSync(join(this.path, 'inner/node_modules'), { recursive: true });
    this.#link('node_modules/bullmq5', 'inner/node_modules/bullmq');
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  #link(target: string, at: string): void {
    symlinkSync(join(REPOSITORY, target), join(this.path, at));
  }
}

export interface RunningApp {
  /**
   * Its exit code, or the signal it ended by, and what it wrote to standard error, without the line in which Tidemark
   * says that all is well: that is in `reports`. Rejects where it had to be killed.
   */
  readonly exited: Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    stderr: string;
    reports: readonly string[];
  }>;
  /** Closes its standard input. */
  stop(): void;
  /** Writes a line to its standard input. */
  tell(): void;
  /** What the platform does to end a dyno. */
  terminate(): void;
  /** Resolves once it has written `count` lines that match; rejects if it ends before. */
  lines(pattern: RegExp, count: number): Promise<void>;
}

export interface AppOptions {
  readonly folder: Pick<AppFolder, 'path'>;
  /** What to run; this Node where it is not given. */
  readonly command?: string;
  /** Its arguments; of node, options and the entry script. */
  readonly args: readonly string[];
  readonly redisUrl: string;
  readonly receiverUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly lifeLimitMs?: number | undefined;
}

export function runApp({
  folder,
  command = process.execPath,
  args,
  redisUrl,
  receiverUrl,
  env = {},
  lifeLimitMs = LIFE_LIMIT_MS,
}: AppOptions): RunningApp {
  const redis = new URL(redisUrl);
  const child = spawn(command, args, {
    cwd: folder.path,
    env: {
      PATH: process.env.PATH,
      REDIS_HOST: redis.hostname,
      REDIS_PORT: redis.port,
      QUEUE: `queue-${randomUUID()}`,
      DYNO: 'worker.1',
      HEROKU_APP_NAME: 'shop',
      // Tests that run at the same time are dynos of one name; here the processes of one find each other.
      TMPDIR: folder.path,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiverUrl,
      ...env,
    },
    stdio: 'pipe',
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = (async () => {
    const killer = setTimeout(() => child.kill('SIGKILL'), lifeLimitMs);
    const [code, signal] = await once(child, 'close');
    clearTimeout(killer);
    if (signal === 'SIGKILL') throw new Error(`${args.join(' ')} did not end by itself. ${stdout}${stderr}`);
    const reports = stderr.match(REPORT) ?? [];
    return { code, signal, stderr: stderr.replace(REPORT, ''), reports: reports.map((line) => line.trim()) };
  })();
  const matching = (pattern: RegExp) => stdout.split('\n').filter((line) => pattern.test(line)).length;
  return {
    exited,
    stop: () => child.stdin.end(),
    tell: () => child.stdin.write('\n'),
    terminate: () => child.kill('SIGTERM'),
    lines: (pattern, count) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (matching(pattern) >= count) resolve();
        };
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`it ended before ${count} of ${pattern}. ${stdout}${stderr}`)));
        look();
      }),
  };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface OtlpPoint {
  readonly attributes: readonly OtlpAttribute[];
  readonly asInt?: number | string;
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
}

interface OtlpPayload {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge?: { readonly dataPoints: readonly OtlpPoint[] };
        readonly sum?: { readonly dataPoints: readonly OtlpPoint[] };
        readonly histogram?: { readonly dataPoints: readonly OtlpPoint[] };
      }[];
    }[];
  }[];
}

/** A data point, flat. */
export interface ReceivedPoint {
  readonly metric: string;
  readonly resource: Readonly<Record<string, string | undefined>>;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** Of a sum or a gauge; of a histogram, the sum. */
  readonly value: number;
  /** Of a histogram. */
  readonly count: number;
  /** The number of the request that brought it, from 1. */
  readonly request: number;
}

export type Manner = 'answers' | 'hangs' | 'unavailable';

/** An OTLP receiver on a free port. */
export class Receiver {
  readonly points: ReceivedPoint[] = [];
  requests = 0;
  readonly #arrivals = new EventEmitter();
  readonly #manner: Manner;
  readonly #server = createServer((request, response) => this.#take(request, response));

  constructor(manner: Manner = 'answers') {
    this.#manner = manner;
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  of(metric: string): readonly ReceivedPoint[] {
    return this.points.filter((point) => point.metric === metric);
  }

  /** Resolves once the points that have arrived satisfy the condition. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#arrivals, 'points');
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.requests++;
    const number = this.requests;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (this.#manner === 'hangs') return;
      if (this.#manner === 'unavailable') {
        response.writeHead(503).end();
        return;
      }
      // Traces and logs of an application's own SDK.
      if (request.url !== '/v1/metrics') {
        response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/json' }).end();
        return;
      }
      this.points.push(...flatten(JSON.parse(Buffer.concat(chunks).toString()), number));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      this.#arrivals.emit('points');
    });
  }
}

function flatten({ resourceMetrics }: OtlpPayload, request: number): readonly ReceivedPoint[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(
        ({ name, gauge, sum, histogram }) =>
          (gauge ?? sum ?? histogram)?.dataPoints.map((point) => ({
            metric: name,
            resource: toRecord(resource.attributes),
            attributes: toRecord(point.attributes),
            value: Number(point.asInt ?? point.asDouble ?? point.sum ?? Number.NaN),
            count: point.count ?? 0,
            request,
          })) ?? [],
      ),
  );
}

function toRecord(attributes: readonly OtlpAttribute[]): Record<string, string | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
