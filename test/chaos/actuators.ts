import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { readSnapshot } from '../../src/detector/boot/snapshot.ts';
import type { Snapshots } from '../../src/ports.ts';
import { embeddedLeaderKey } from '../../src/shared/leader-key.ts';
import { RunningActuator } from '../integration/actuator/running-actuator.ts';

/** What the detector gives a boot's warm-up at most: 30 windows. */
const WARMED_UP_MS = 16_000;

/** The actuators of a world, wherever they run. */
export interface Actuators {
  /** Whether one has watched the boot through its warm-up: growth before that would count as what it needs. */
  knows(bootId: string): Promise<boolean>;
  /** What they say of the boot, for a report. */
  sayOf(bootId: string): Promise<string>;
  areUp(): Promise<boolean>;
  /** `kill` ends them and starts them again, `stop` only suspends them. The first one is chosen by `first`. */
  kill(first: number, count: number, forMs: number): Promise<void>;
  stop(first: number, count: number, forMs: number): Promise<void>;
  end(): Promise<void>;
}

interface DynosAnswer {
  readonly dynos?: readonly {
    readonly boot_id: string;
    readonly class: string;
    readonly first_point_ms: number;
    readonly last_point_ms: number;
  }[];
}

/** Two services, each a process of its own. */
export class ServiceActuators implements Actuators {
  readonly #envs: readonly Readonly<Record<string, string>>[];
  readonly #running: (RunningActuator | null)[] = [];

  private constructor(envs: readonly Readonly<Record<string, string>>[]) {
    this.#envs = envs;
  }

  static async start(envs: readonly Readonly<Record<string, string>>[]): Promise<ServiceActuators> {
    const actuators = new ServiceActuators(envs);
    for (const index of envs.keys()) await actuators.#start(index);
    return actuators;
  }

  async #start(index: number): Promise<void> {
    const env = this.#envs[index];
    if (env !== undefined) this.#running[index] = await RunningActuator.start(env);
  }

  async #rows(bootId: string) {
    const answers = await Promise.all(
      this.#running.map((one) => one?.get('/api/dynos').catch(() => null) as Promise<DynosAnswer | null> | undefined),
    );
    return answers.map((answer) => answer?.dynos?.find((one) => one.boot_id === bootId));
  }

  async knows(bootId: string): Promise<boolean> {
    const rows = await this.#rows(bootId);
    return rows.some(
      (row) => row !== undefined && row.class !== 'warming' && row.last_point_ms - row.first_point_ms > WARMED_UP_MS,
    );
  }

  async sayOf(bootId: string): Promise<string> {
    const rows = await this.#rows(bootId);
    return rows.map((row) => (row === undefined ? 'unknown' : JSON.stringify(row))).join(' | ');
  }

  async areUp(): Promise<boolean> {
    const answers = await Promise.all(this.#running.map((one) => one?.get('/readyz').catch(() => null)));
    return answers.every((answer) => answer !== null && answer !== undefined);
  }

  async kill(first: number, count: number, forMs: number): Promise<void> {
    const indexes = Array.from({ length: count }, (_, index) => (first + index) % this.#envs.length);
    for (const index of indexes) {
      await this.#running[index]?.kill();
      this.#running[index] = null;
    }
    await delay(forMs);
    for (const index of indexes) await this.#start(index);
  }

  async stop(first: number, count: number, forMs: number): Promise<void> {
    const chosen = Array.from({ length: count }, (_, index) => this.#running[(first + index) % this.#envs.length]);
    for (const actuator of chosen) actuator?.signal('SIGSTOP');
    await delay(forMs);
    for (const actuator of chosen) actuator?.signal('SIGCONT');
  }

  async end(): Promise<void> {
    for (const actuator of this.#running) {
      actuator?.signal('SIGCONT');
      await actuator?.kill();
    }
  }
}

export interface EmbeddedOptions {
  /** Where the leader key is. */
  readonly queueUrl: string;
  readonly snapshots: Snapshots;
  readonly target: { readonly app: string; readonly processType: string };
}

/**
 * Inside the workers. They end with their workers, so killing and suspending them is a matter of the workers: the runs
 * for that are those of the worker, which leads in about every other run.
 */
export class EmbeddedActuators implements Actuators {
  readonly #options: EmbeddedOptions;
  readonly #queue: Redis;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#queue = new Redis(options.queueUrl);
    this.#queue.on('error', () => undefined);
  }

  async #snapshotOf(bootId: string) {
    const texts: string[] = [];
    await this.#options.snapshots.load(null, (_, text) => texts.push(text));
    const boots = texts.flatMap((text) => readSnapshot(text)?.boot ?? []);
    return boots.find(({ identity }) => identity.bootId === bootId);
  }

  async knows(bootId: string): Promise<boolean> {
    const boot = await this.#snapshotOf(bootId);
    return boot !== undefined && boot.lastPointMs - boot.firstPointMs > WARMED_UP_MS;
  }

  async sayOf(bootId: string): Promise<string> {
    const boot = await this.#snapshotOf(bootId);
    return boot === undefined ? 'no snapshot' : `points from ${boot.firstPointMs} to ${boot.lastPointMs}`;
  }

  async areUp(): Promise<boolean> {
    return (await this.#queue.exists(embeddedLeaderKey(this.#options.target))) === 1;
  }

  async kill(): Promise<void> {
    throw new Error('they end with their workers');
  }

  async stop(): Promise<void> {
    throw new Error('they sleep with their workers');
  }

  async end(): Promise<void> {
    this.#queue.disconnect();
  }
}
