import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What the probe in the actuator says. */
export interface ProbeReport {
  readonly longestWallMs: number;
  readonly longestCpuMs: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
}

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly tookMs: number;
  readonly retryAfter: string | undefined;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** As `Procfile` and `Dockerfile` start it. */
const HEAP_FLAGS = ['--max-semi-space-size=8'];
const ALLOCATOR = { MALLOC_ARENA_MAX: '1' };
const ADMIN_TOKEN = 'bench-admin';
const INGEST_TOKEN = 'bench-ingest';

/** The service in a process of its own, from the sources, as `tidemark actuator` starts it. */
export class BenchActuator {
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * @param nodeOptions as for the command line of node
   * @param isProbed whether `probe` is called: what answers it wakes up 50 times a second
   */
  static async start(
    env: Readonly<Record<string, string>>,
    nodeOptions: readonly string[],
    isProbed = true,
  ): Promise<BenchActuator> {
    const child = fork(here('../../src/cli.ts'), ['actuator'], {
      execArgv: [...HEAP_FLAGS, ...nodeOptions, ...(isProbed ? ['--import', here('probe.ts')] : [])],
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        TIDEMARK_TARGETS: 'fleet-*:worker',
        TIDEMARK_ADMIN_TOKEN: ADMIN_TOKEN,
        TIDEMARK_INGEST_TOKENS: `*=${INGEST_TOKEN}`,
        ...ALLOCATOR,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (child.stdout === null) throw new Error('no output');
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the actuator ended with ${code}`)));
      lines.on('line', (line) => {
        // Node's own, such as those of --trace-gc.
        if (!line.startsWith('{')) {
          process.stderr.write(`${line}\n`);
          return;
        }
        const entry = JSON.parse(line) as { msg: string; level: number | string; port: number };
        if (entry.msg === 'actuator is listening') resolve(entry.port);
        if (entry.level === 'error' || Number(entry.level) >= 50) process.stderr.write(`${line}\n`);
      });
    });
    return new BenchActuator(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Since the last call. */
  async probe(): Promise<ProbeReport> {
    const answered = once(this.#child, 'message');
    this.#child.send('report');
    const [report] = await answered;
    return report as ProbeReport;
  }

  get(path: string): Promise<Answer> {
    return this.#ask(path, { authorization: `Bearer ${ADMIN_TOKEN}` }, null);
  }

  async json(path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    return response.json();
  }

  /** Reads the stream of events, as an open page does; `stop` resolves to the bytes that came. */
  watch(): { stop(): Promise<number> } {
    const ended = new AbortController();
    let bytes = 0;
    const read = async () => {
      const response = await fetch(`http://127.0.0.1:${this.port}/api/events`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        signal: ended.signal,
      });
      for await (const chunk of response.body ?? []) bytes += chunk.length;
    };
    const reading = read().catch(() => undefined);
    return {
      stop: async () => {
        ended.abort();
        await reading;
        return bytes;
      },
    };
  }

  /** @param token default: that of the Collector */
  send(body: Uint8Array, type: string, token: string = INGEST_TOKEN): Promise<Answer> {
    const headers = { 'content-type': type, 'content-encoding': 'gzip', authorization: `Bearer ${token}` };
    return this.#ask('/v1/metrics', headers, body);
  }

  #ask(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array | null): Promise<Answer> {
    const startMs = performance.now();
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.port,
        path,
        method: body === null ? 'GET' : 'POST',
        headers: body === null ? headers : { ...headers, 'content-length': String(body.length) },
      };
      const sent = request(options, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            bytes,
            tookMs: performance.now() - startMs,
            retryAfter: response.headers['retry-after'],
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body ?? undefined);
    });
  }

  /** Waits until it takes measurements. */
  async untilReady(): Promise<void> {
    while ((await this.get('/readyz')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
