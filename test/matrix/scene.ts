import { expect } from 'vitest';
import { AskingActuator } from './asking-actuator.ts';
import { MatrixDyno, type MatrixWorkerSpec } from './matrix-dyno.ts';

/** Longer than any test. */
const LONG_HOLD_MS = 600_000;

/** What one test needs of the world, all of it stopped with the test. */
export class Scene {
  readonly #version: string;
  readonly #redisUrl: string;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(version: string, redisUrl: string) {
    this.#version = version;
    this.#redisUrl = redisUrl;
  }

  async start(workers?: readonly MatrixWorkerSpec[], inThread = false): Promise<MatrixDyno> {
    const dyno = await MatrixDyno.start(this.#version, this.#redisUrl, { workers, inThread });
    this.#stops.push(() => dyno.stop());
    return dyno;
  }

  /** With a job that runs until the test says `release`. */
  async startWithHeldJob(workers?: readonly MatrixWorkerSpec[], inThread = false) {
    const dyno = await this.start(workers, inThread);
    const [held = ''] = await dyno.add(1);
    await dyno.untilStarted(1);
    return { dyno, held };
  }

  /** The same, asked to drain; the workers have answered. */
  async startDraining(workers?: readonly MatrixWorkerSpec[], inThread = false) {
    const { dyno, held } = await this.startWithHeldJob(workers, inThread);
    const attempt = this.ask(dyno);
    await attempt.untilAnswered();
    return { dyno, held, attempt };
  }

  ask(dyno: MatrixDyno, attemptId = 'first', holdMs = LONG_HOLD_MS): AskingActuator {
    const actuator = new AskingActuator({ dyno, redisUrl: this.#redisUrl, attemptId, holdMs });
    this.#stops.push(() => actuator.stop());
    return actuator;
  }

  /** It takes jobs, and no job was lost or taken twice. */
  async expectToWork(dyno: MatrixDyno, worker = 0): Promise<void> {
    await dyno.untilEnded(await dyno.add(3, { ms: 10 }, worker));
    await dyno.until(async () => (await dyno.activeCount(worker)) === 0, 'no job is active');
    expect(dyno.startedTwice()).toEqual([]);
    expect(dyno.stalled).toEqual([]);
  }

  /** The same, once the job that was held has ended. */
  async expectToWorkAfter(dyno: MatrixDyno, held: string): Promise<void> {
    await dyno.call('release');
    await dyno.untilEnded([held]);
    await this.expectToWork(dyno);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
