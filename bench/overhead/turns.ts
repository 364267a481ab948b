import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../evaluation/random.ts';
import type { Contestant, Usage } from './contestant.ts';

const TURN_MS = 50;
/** Of each contestant, until it is asked again how many jobs it has done. */
const TURNS_BETWEEN_LOOKS = 5;

/** What one contestant did in its turns of a block. */
export interface Share extends Usage {
  readonly runningMs: number;
}

/** The shares of a block by variant. All ran within the same seconds, so they can be compared. */
export type Block = ReadonlyMap<string, Share>;

interface Reading extends Usage {
  readonly runningMs: number;
}

/**
 * Contestants that take turns of 50 ms, in a new random order in each round of turns: other work on the machine, and
 * its changing speed, affect them alike. While one runs all others are suspended, with their Redis servers.
 */
export class Turns {
  readonly #contestants: readonly Contestant[];
  readonly #random: Random;
  readonly #runningMs = new Map<Contestant, number>();

  /** All contestants must be suspended. */
  constructor(contestants: readonly Contestant[], random: Random) {
    this.#contestants = contestants;
    this.#random = random;
  }

  /** Lets everyone run, unmeasured. */
  async warmUp(turns: number): Promise<void> {
    for (let count = 0; count < turns; count++)
      for (const contestant of this.#random.shuffled(this.#contestants)) await this.#turn(contestant);
  }

  /** Lets everyone run, unmeasured, until each has done `jobs` jobs since its start. */
  async warmUpJobs(jobs: number): Promise<void> {
    for (;;) {
      const usages = await this.askAll((contestant) => contestant.ask('usage'));
      if ([...usages.values()].every((usage) => usage.jobs >= jobs)) return;
      await this.warmUp(TURNS_BETWEEN_LOOKS);
    }
  }

  /** Asks everyone the same, in a turn of each. */
  async askAll<Answer>(question: (contestant: Contestant) => Promise<Answer>): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>();
    for (const contestant of this.#random.shuffled(this.#contestants)) {
      answers.set(contestant.variant.name, await this.#turn(contestant, () => question(contestant)));
    }
    return answers;
  }

  /** Blocks without a gap: the usage is read in the first turn of a block, and in one more turn at the end. */
  async measure(blockCount: number, turnsPerBlock: number): Promise<readonly Block[]> {
    let before = await this.#readAll();
    const blocks: Block[] = [];
    for (let count = 0; count < blockCount; count++) {
      await this.warmUp(turnsPerBlock - 1);
      const after = await this.#readAll();
      blocks.push(difference(before, after));
      before = after;
    }
    return blocks;
  }

  #readAll(): Promise<ReadonlyMap<string, Reading>> {
    return this.askAll(async (contestant) => {
      const resumedAtMs = performance.now();
      const ranMs = this.#runningMs.get(contestant) ?? 0;
      const usage = await contestant.ask('usage');
      return { ...usage, runningMs: ranMs + performance.now() - resumedAtMs };
    });
  }

  /** A turn lasts longer where the answer takes longer. */
  async #turn(contestant: Contestant): Promise<undefined>;
  async #turn<Answer>(contestant: Contestant, question: () => Promise<Answer>): Promise<Answer>;
  async #turn<Answer>(contestant: Contestant, question?: () => Promise<Answer>): Promise<Answer | undefined> {
    const resumedAtMs = performance.now();
    contestant.resume();
    const [answer] = await Promise.all([question?.(), delay(TURN_MS)]);
    contestant.pause();
    const ranMs = this.#runningMs.get(contestant) ?? 0;
    this.#runningMs.set(contestant, ranMs + performance.now() - resumedAtMs);
    return answer;
  }
}

function difference(before: ReadonlyMap<string, Reading>, after: ReadonlyMap<string, Reading>): Block {
  const shares = new Map<string, Share>();
  for (const [name, { jobs, cpuUs, runningMs }] of after) {
    const from = before.get(name) ?? { jobs: 0, cpuUs: 0, runningMs: 0 };
    shares.set(name, {
      jobs: jobs - from.jobs,
      cpuUs: cpuUs - from.cpuUs,
      runningMs: runningMs - from.runningMs,
    });
  }
  return shares;
}
