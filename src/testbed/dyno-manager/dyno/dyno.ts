import { randomUUID } from 'node:crypto';
import type { DynoEvent } from '../event-log.ts';
import { freePort } from '../free-port.ts';
import { DynoProcess, type ProcessExit } from './dyno-process.ts';
import type { DynoSize } from './dyno-sizes.ts';

export type DynoState = 'starting' | 'up' | 'crashed';

/** What a dyno needs of its manager. */
export interface DynoContext {
  readonly killAfterMs: number;
  readonly startDelayMs: number;
  readonly crashDelaysMs: readonly number[];
  /** The environment of a boot; asked once for each. */
  env(dyno: Dyno, boot: DynoRun): Readonly<Record<string, string>>;
  releaseVersion(): number;
  onLine(dyno: Dyno, boot: DynoRun): ((line: string) => void) | null;
  record(dyno: Dyno, boot: DynoRun, event: DynoEvent, detail: string | null): void;
  /** A one-off has ended and is not replaced. */
  ended(dyno: Dyno): void;
}

export interface DynoIdentity {
  /** `worker.1`: the same for all boots. */
  readonly name: string;
  readonly type: string;
  readonly command: readonly string[];
  readonly size: DynoSize;
  readonly env: Readonly<Record<string, string>>;
  /** A restart kills it and starts no other. */
  readonly oneOff: boolean;
}

/** One life of the dyno. */
export interface DynoRun {
  readonly id: string;
  readonly createdAtMs: number;
  readonly releaseVersion: number;
  updatedAtMs: number;
  state: DynoState;
  /** Only web dynos have one. */
  port: number | null;
  process: DynoProcess | null;
  /** It is ending, and no longer the dyno's current boot. */
  stopping: boolean;
}

/**
 * A named dyno: one current boot, and earlier ones that are still ending.
 *
 * - `boot`: a new id under the same name, `starting`, then `up`.
 * - `restart`: SIGTERM to the current boot and immediately a new one, so that both run for a while; SIGKILL after
 * `killAfterMs`.
 * - the main process ends by itself, with any code: `crashed`, and a new boot after the next of `crashDelaysMs`.
 */
export class Dyno {
  readonly identity: DynoIdentity;
  readonly #context: DynoContext;
  readonly #running = new Set<DynoRun>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #current: DynoRun;
  #crashes = 0;
  #stopped = false;

  constructor(identity: DynoIdentity, context: DynoContext) {
    this.identity = identity;
    this.#context = context;
    this.#current = this.#boot();
  }

  get current(): DynoRun {
    return this.#current;
  }

  /** Crashes since the last release. */
  get crashes(): number {
    return this.#crashes;
  }

  restart(): void {
    if (this.#stopped) return;
    const old = this.#current;
    this.#clearTimers();
    this.#end(old);
    if (!this.identity.oneOff) this.#current = this.#boot();
  }

  /** A restart that also forgets the crashes. */
  release(): void {
    this.#crashes = 0;
    this.restart();
  }

  /** Ends all boots and starts no more; resolves when nothing is left. With a grace it sends SIGTERM first. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#clearTimers();
    const boots = [...this.#running];
    if (graceMs > 0) {
      for (const boot of boots) if (!boot.stopping) this.#terminate(boot);
      const ended = Promise.all(boots.map((boot) => boot.process?.gone));
      await Promise.race([ended, new Promise<void>((resolve) => this.#after(graceMs, resolve))]);
      this.#clearTimers();
    }
    for (const boot of boots) {
      boot.stopping = true;
      boot.process?.kill();
    }
    await Promise.all(boots.map((boot) => boot.process?.gone));
  }

  #boot(): DynoRun {
    const nowMs = Date.now();
    const boot: DynoRun = {
      id: randomUUID(),
      createdAtMs: nowMs,
      releaseVersion: this.#context.releaseVersion(),
      updatedAtMs: nowMs,
      state: 'starting',
      port: null,
      process: null,
      stopping: false,
    };
    this.#context.record(this, boot, 'boot', null);
    if (this.identity.type === 'web') {
      void freePort().then((port) => {
        boot.port = port;
        if (!boot.stopping && !this.#stopped) this.#launch(boot);
      });
    } else {
      this.#launch(boot);
    }
    return boot;
  }

  #launch(boot: DynoRun): void {
    this.#running.add(boot);
    boot.process = new DynoProcess({
      bootId: boot.id,
      command: this.identity.command,
      env: this.#context.env(this, boot),
      onLine: this.#context.onLine(this, boot),
    });
    void boot.process.exited.then((exit) => this.#onExit(boot, exit));
    void boot.process.gone.then(() => this.#running.delete(boot));
    if (this.#context.startDelayMs === 0) this.#setState(boot, 'up');
    else this.#after(this.#context.startDelayMs, () => this.#setState(boot, 'up'));
  }

  #end(boot: DynoRun): void {
    const { process } = boot;
    this.#terminate(boot);
    if (process === null) return;
    // Not one of the dyno's timers: it must fire whatever happens to the dyno meanwhile.
    const timer = setTimeout(() => {
      this.#context.record(this, boot, 'sigkill', null);
      process.kill();
    }, this.#context.killAfterMs);
    void process.exited.then(() => clearTimeout(timer));
  }

  #terminate(boot: DynoRun): void {
    boot.stopping = true;
    if (boot.process === null || boot.state === 'crashed') return;
    this.#context.record(this, boot, 'sigterm', null);
    boot.process.terminate();
  }

  #onExit(boot: DynoRun, exit: ProcessExit): void {
    const detail = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
    if (boot.stopping || this.#stopped || this.identity.oneOff) {
      this.#context.record(this, boot, 'exit', detail);
      if (this.identity.oneOff) this.#context.ended(this);
      return;
    }
    this.#setState(boot, 'crashed', detail);
    const delays = this.#context.crashDelaysMs;
    const delayMs = delays[Math.min(this.#crashes, delays.length - 1)] ?? 0;
    this.#crashes += 1;
    this.#after(delayMs, () => {
      this.#current = this.#boot();
    });
  }

  #setState(boot: DynoRun, state: 'up' | 'crashed', detail: string | null = null): void {
    if (boot.state === 'crashed') return;
    boot.state = state;
    boot.updatedAtMs = Date.now();
    this.#context.record(this, boot, state, detail);
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
