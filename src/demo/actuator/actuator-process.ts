import { randomUUID } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynoProcess, type ProcessExit } from '../../testbed/dyno-manager/dyno/dyno-process.ts';

const SELF = fileURLToPath(import.meta.url);
/** The command line of the same build: from the sources or from dist. */
const CLI = fileURLToPath(new URL(`../../cli${extname(SELF)}`, import.meta.url));
const STOP_GRACE_MS = 5_000;
const KEPT_LINES = 20;
const RESTART_PAUSE_MS = 500;
/** After this many exits of its own, not by a signal from outside, it is not started again. */
const MAX_FAILURES = 3;

export interface ActuatorProcessOptions {
  readonly env: Readonly<Record<string, string>>;
  /**
   * It ended without being stopped, and has been started again. The text says what happened, with its last words.
   */
  readonly onReturn: (text: string) => void;
  /** It ended by itself `MAX_FAILURES` times. */
  readonly onLoss: (why: string) => void;
  readonly onStart: (pid: number | null) => void;
}

/** `tidemark actuator` as a child process, started again whenever it dies. */
export class ActuatorProcess {
  readonly #options: ActuatorProcessOptions;
  #process: DynoProcess;
  #lastLines: string[] = [];
  #stopping = false;
  #failures = 0;
  #pause: NodeJS.Timeout | null = null;

  constructor(options: ActuatorProcessOptions) {
    this.#options = options;
    this.#process = this.#start();
  }

  /** The newest lines of its log. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#process.terminate();
    const force = setTimeout(() => this.#process.kill(), STOP_GRACE_MS);
    await this.#process.gone;
    clearTimeout(force);
  }

  #start(): DynoProcess {
    const started = new DynoProcess({
      // Its processes are found by this id, so no other run may have the same.
      bootId: `actuator-${randomUUID()}`,
      command: [process.execPath, CLI, 'actuator'],
      env: this.#options.env,
      onLine: (line) => {
        this.#lastLines = [...this.#lastLines.slice(1 - KEPT_LINES), line];
      },
    });
    this.#options.onStart(started.pid);
    void started.exited.then((exit) => this.#onExit(exit));
    return started;
  }

  #onExit(exit: ProcessExit): void {
    if (this.#stopping) return;
    const how = exit.signal === null ? `exit code ${exit.code}` : exit.signal;
    if (exit.signal === null) this.#failures += 1;
    if (this.#failures === MAX_FAILURES) {
      this.#options.onLoss(`the actuator ended ${MAX_FAILURES} times by itself (${how})`);
      return;
    }
    this.#pause = setTimeout(() => {
      this.#process = this.#start();
      const words = exit.signal === null ? lastWords(this.#lastLines) : '';
      this.#options.onReturn(`the actuator ended (${how}) and was started again${words}`);
    }, RESTART_PAUSE_MS);
  }
}

function lastWords(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; its last words:\n${lines.map((line) => `    ${line}`).join('\n')}`;
}
