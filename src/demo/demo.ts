import { BadInputError } from '../model/errors.ts';
import type { LogEntry } from '../testbed/dyno-manager/event-log.ts';
import { BootRecords, lastUsageBytes } from './boot-records.ts';
import { DemoRun } from './demo-run.ts';
import { type Evidence, judge } from './demo-verdict.ts';
import { type DemoEnvironment, startEnvironment } from './environment/demo-environment.ts';
import { type DemoEvent, openEventFile } from './event-file.ts';
import { growthByJob } from './guilty-job.ts';
import { JobTally } from './jobs/tally.ts';
import { lookAround } from './look-around.ts';
import { LINE_EVERY_MS, MAILER_TYPE } from './plan.ts';
import { Display } from './screen/display.ts';
import { reportText } from './screen/report.ts';

export interface DemoOptions {
  readonly write: (text: string) => void;
  /** Whether what is written can be drawn over. */
  readonly isTerminal: boolean;
  /** Of the terminal; asked for every frame, because it may change. */
  readonly columns: () => number;
  readonly colour: boolean;
  /** Aborted: everything is stopped, and the exit code is 130. */
  readonly signal: AbortSignal;
  /** `REDIS_URL`; null: a Redis is started. */
  readonly redisUrl: string | null;
  /** The actuator runs inside the workers: no process of its own, and no Collector. */
  readonly isEmbedded: boolean;
  /** The file that gets events as JSON, one per line; null: none. */
  readonly jsonEventsPath: string | null;
  /** Once the loop has closed everything keeps running until `signal` is aborted. */
  readonly stay: boolean;
}

const KEPT_LINES = 20;
const STARTING = {
  service:
    'Tidemark demo: starting Redis, a dyno manager with three dynos, the actuator, and the Collector if it is built.',
  embedded: 'Tidemark demo: starting Redis and a dyno manager with three dynos; the actuator runs inside the workers.',
};
const EXIT = { closed: 0, notClosed: 1, interrupted: 130 } as const;

/** Runs the demo; resolves to its exit code when every process that it started has ended. */
export async function runDemo(options: DemoOptions): Promise<number> {
  if (process.platform !== 'linux') {
    throw new BadInputError(
      'The demo needs Linux: it reads the memory of its processes from /proc, and its bloat needs glibc.',
    );
  }
  const run = new RunningDemo(options);
  try {
    return await run.toItsEnd();
  } finally {
    await run.stop();
  }
}

/** Ties environment, run and screen together. */
class RunningDemo {
  readonly #options: DemoOptions;
  readonly #record: (event: DemoEvent) => void;
  readonly #display: Display;
  readonly #records = new BootRecords();
  readonly #tally = new JobTally();
  readonly #disturbances: string[] = [];
  /** The newest lines that the dynos printed. */
  #lastLines: readonly string[] = [];
  #startedAtMs = Date.now();
  #environment: DemoEnvironment | null = null;
  #run: DemoRun | null = null;
  #ending = false;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#record = openEventFile(options.jsonEventsPath);
    this.#display = new Display({ ...options, lineEveryMs: LINE_EVERY_MS });
  }

  async toItsEnd(): Promise<number> {
    const { redisUrl, isEmbedded } = this.#options;
    this.#announce(isEmbedded ? STARTING.embedded : STARTING.service);
    const environment = await startEnvironment({
      redisUrl,
      isEmbedded,
      tally: this.#tally,
      onProcess: (name, pid) => this.#record({ type: 'process', name, pid }),
      onManager: (entry) => this.#onManager(entry),
      onOutput: (line, { dyno }) => {
        this.#lastLines = [...this.#lastLines.slice(1 - KEPT_LINES), `${dyno}: ${line}`];
      },
      onReturn: (text) => this.#disturb(text),
      onLoss: (why) => this.#run?.break(why),
    });
    this.#environment = environment;
    this.#announce(environment.way);
    const run = this.#newRun(environment);
    this.#run = run;
    const evidence = await run.run();
    this.#ending = true;
    this.#display.end();
    if (this.#options.signal.aborted) {
      this.#announce('Stopped; ending all processes.');
      return EXIT.interrupted;
    }
    const code = await this.#conclude(run, evidence, environment);
    if (this.#options.stay && code === EXIT.closed) await this.#lookAround(environment);
    return code;
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.#display.end();
    await this.#environment?.stop();
  }

  #newRun(environment: DemoEnvironment): DemoRun {
    this.#startedAtMs = Date.now();
    const run = new DemoRun({
      environment,
      records: this.#records,
      tally: this.#tally,
      signal: this.#options.signal,
      isEmbedded: this.#options.isEmbedded,
      startedAtMs: this.#startedAtMs,
      show: (frame) => this.#display.draw(frame),
      announce: (text) => this.#announce(text),
      onProcess: (name, pid) => this.#record({ type: 'process', name, pid }),
      onAnswer: () => this.#announce(`Open the page, no password needed: ${environment.pageUrl}`),
      onReady: () => this.#record({ type: 'ready' }),
    });
    if (this.#disturbances.length > 0) run.disturb();
    return run;
  }

  #lookAround({ pageUrl }: DemoEnvironment): Promise<void> {
    const { signal } = this.#options;
    return lookAround({ pageUrl, signal, print: (text) => this.#display.print(text) });
  }

  async #conclude(run: DemoRun, evidence: Evidence, environment: DemoEnvironment): Promise<number> {
    const verdict = judge(evidence);
    const elapsedMs = this.#elapsedMs;
    const jobGrowth = growthByJob((await environment.client.jobs()) ?? []);
    this.#display.print(
      reportText({
        verdict,
        elapsedMs,
        startedAtMs: this.#startedAtMs,
        jobs: evidence.jobs,
        jobGrowth,
        accounts: run.view.accounts,
        javascriptBytes: (bootId) => this.#tally.javascriptByBoot(bootId),
        untouched: this.#untouched(),
        disturbances: this.#disturbances,
      }),
    );
    if (!verdict.ok) {
      this.#options.write(
        `\nThe last lines of the dynos:\n${this.#lastLines.join('\n')}\n\nThe last lines of the actuator:\n` +
          `${environment.actuatorLines().join('\n')}\n`,
      );
    }
    this.#record({ type: 'verdict', ok: verdict.ok, faults: verdict.faults, elapsedMs });
    return verdict.ok ? EXIT.closed : EXIT.notClosed;
  }

  /** The mailer's dynos that still run in their first boot. */
  #untouched() {
    const first = this.#records.all.filter((boot) => boot.type === MAILER_TYPE && boot.end === null);
    return first.map(({ dyno, samples }) => ({
      dyno,
      peakBytes: Math.max(0, ...samples.map((sample) => sample.usageBytes)),
      lastBytes: lastUsageBytes(samples),
    }));
  }

  #onManager(entry: LogEntry): void {
    if (this.#ending) return;
    this.#records.observe(entry);
    this.#record({ type: 'manager', entry });
    const boot = entry.dynoId === null ? undefined : this.#records.get(entry.dynoId);
    if (boot === undefined) return;
    const name = `boot ${boot.number} of ${boot.dyno}`;
    if (entry.event === 'restart-requested') this.#announce(`dyno manager: received the restart of ${boot.dyno}`);
    if (entry.event === 'boot' && boot.number > 1) this.#announce(`dyno manager: ${name} starts`);
    if (entry.event === 'exit') this.#announce(`dyno manager: ${name} ended (${boot.endDetail})`);
    if (entry.event !== 'crashed') return;
    if (boot.end === 'crashed') this.#run?.break(`${name} ended by itself (${boot.endDetail})`);
    if (boot.end !== 'killed') return;
    this.#disturb(`${name} ended (${boot.endDetail}) and is booted again`);
    this.#run?.supplyAgain(boot.dyno);
  }

  /** Something died and is brought back: announced at once and in the summary. The demo may then take longer. */
  #disturb(text: string): void {
    if (this.#ending) return;
    this.#disturbances.push(text);
    this.#run?.disturb();
    this.#announce(text);
  }

  #announce(text: string): void {
    this.#record({ type: 'announced', text });
    this.#display.announce(this.#elapsedMs, text);
  }

  get #elapsedMs(): number {
    return this.#run === null ? 0 : Date.now() - this.#startedAtMs;
  }
}
