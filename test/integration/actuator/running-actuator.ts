import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));
const ADMIN_TOKEN = 'admin-t0ken';
const INGEST_TOKEN = 'ingest-t0ken';
export const APP = 'shop';
const MIB = 1024 ** 2;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const inherited = { PATH: process.env.PATH ?? '' };
  return spawn(process.execPath, [CLI, ...args], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a command of `tidemark` to its end. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const child = start(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number | null, stdout, stderr };
}

export interface DecisionRow {
  readonly dyno: string;
  readonly boot_id: string;
  readonly action: string;
  readonly reason: string;
  readonly explanation: string;
  readonly outcome: string | null;
}

/** An actuator in a process of its own, with a window of half a second. */
export class RunningActuator {
  readonly url: string;
  readonly lines: readonly string[];
  readonly #child: ChildProcess;
  readonly #stderr: string[];

  private constructor(child: ChildProcess, url: string, lines: readonly string[], stderr: string[]) {
    this.#child = child;
    this.#stderr = stderr;
    this.url = url;
    this.lines = lines;
  }

  static async start(env: Readonly<Record<string, string>>): Promise<RunningActuator> {
    const child = start(['actuator'], {
      PORT: '0',
      TIDEMARK_WINDOW: '500ms',
      TIDEMARK_GRACE: '0s',
      TIDEMARK_MIN_UPTIME: '0s',
      TIDEMARK_COOLDOWN: '10m',
      TIDEMARK_DRY_RUN: 'false',
      TIDEMARK_TARGETS: `${APP}:worker`,
      TIDEMARK_ADMIN_TOKEN: ADMIN_TOKEN,
      TIDEMARK_INGEST_TOKENS: `${APP}=${INGEST_TOKEN}`,
      ...env,
    });
    const lines: string[] = [];
    const stderr: string[] = [];
    child.stderr?.on('data', (chunk: Buffer) => void stderr.push(String(chunk)));
    const port = await new Promise<number>((resolve, reject) => {
      let rest = '';
      child.once('close', () => reject(new Error(`the actuator ended: ${stderr.join('')}`)));
      child.stdout?.on('data', (chunk: Buffer) => {
        const parts = `${rest}${chunk}`.split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) {
          lines.push(line);
          const entry = JSON.parse(line);
          if (entry.msg === 'actuator is listening') resolve(entry.port);
        }
      });
    });
    return new RunningActuator(child, `http://127.0.0.1:${port}`, lines, stderr);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get stderr(): string {
    return this.#stderr.join('');
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    return response.json();
  }

  /** The status of the answer. */
  async post(path: string): Promise<number> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers });
    await response.arrayBuffer();
    return response.status;
  }

  async decisions(): Promise<readonly DecisionRow[]> {
    const { decisions } = (await this.get('/api/decisions?limit=1000')) as { decisions: readonly DecisionRow[] };
    return decisions;
  }

  cli(...args: readonly string[]): Promise<Finished> {
    return runCli([...args, '--url', this.url], { TIDEMARK_ADMIN_TOKEN: ADMIN_TOKEN });
  }

  /** Sends points of one dyno; the status of the answer. */
  async send(dyno: Dyno, samples: readonly Sample[]): Promise<number> {
    const response = await fetch(`${this.url}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${INGEST_TOKEN}` },
      body: JSON.stringify(exportRequest(dyno, samples)),
    });
    await response.arrayBuffer();
    return response.status;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kill -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    const [code] = await once(this.#child, 'close');
    return code as number | null;
  }
}

export interface Dyno {
  readonly name: string;
  readonly id: string;
  /** Default: `platform`. */
  readonly idSource?: 'platform' | 'derived';
  /** Default: a second before its first sample. */
  readonly startTimeMs?: number;
}

export interface Sample {
  readonly timeMs: number;
  readonly usageMb: number;
}

/** What a worker's instrumentation would have sent. */
function exportRequest(dyno: Dyno, samples: readonly Sample[]): unknown {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const dataPoints = samples.map(({ timeMs, usageMb }) => ({
    timeUnixNano: `${Math.round(timeMs)}000000`,
    asInt: String(Math.round(usageMb * MIB)),
    attributes: [attribute('tidemark.memory.state', 'resident')],
  }));
  const attributes = [
    attribute('service.instance.id', `process-of-${dyno.id}`),
    attribute('heroku.app.name', APP),
    attribute('heroku.dyno.name', dyno.name),
    attribute('heroku.dyno.id', dyno.id),
    attribute('heroku.process.type', dyno.name.split('.')[0] ?? ''),
    attribute('tidemark.dyno.id.source', dyno.idSource ?? 'platform'),
    attribute('tidemark.dyno.start_time', new Date(dyno.startTimeMs ?? (samples[0]?.timeMs ?? 0) - 1000).toISOString()),
  ];
  const sum = { aggregationTemporality: 2, isMonotonic: false, dataPoints };
  const metrics = [{ name: 'tidemark.dyno.memory.usage', unit: 'By', sum }];
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 'tidemark' }, metrics }] }] };
}

const HISTORY_S = 25;
const STEP_MS = 100;

/** Feeds one dyno: what it did in the last 25 seconds at once, and then what it does now, until stopped. */
export async function feed(
  actuator: RunningActuator,
  dyno: Dyno,
  usageMb: (second: number) => number,
): Promise<{ stop(): void }> {
  const startMs = Date.now() - HISTORY_S * 1000;
  const history = Array.from({ length: (HISTORY_S * 1000) / STEP_MS }, (_, index) => ({
    timeMs: startMs + index * STEP_MS,
    usageMb: usageMb((index * STEP_MS) / 1000),
  }));
  while ((await actuator.send(dyno, history)) !== 200) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  const timer = setInterval(() => {
    const timeMs = Date.now();
    actuator.send(dyno, [{ timeMs, usageMb: usageMb((timeMs - startMs) / 1000) }]).catch(() => undefined);
  }, STEP_MS);
  return { stop: () => clearInterval(timer) };
}
