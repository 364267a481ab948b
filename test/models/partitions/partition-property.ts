import { type Arbitrary, assert, asyncProperty, constantFrom, integer, oneof, record, tuple } from 'fast-check';
import { PartitionWorld, type Trouble } from './partition-world.ts';

const actuator = integer({ min: 0, max: 2 });
const partition = integer({ min: 0, max: PartitionWorld.partitions - 1 });
const kind = <K extends Trouble['kind']>(name: K) => constantFrom(name);

const TROUBLE: Arbitrary<Trouble> = oneof(
  { weight: 4, arbitrary: record({ kind: kind('kill'), actuator }) },
  { weight: 4, arbitrary: record({ kind: kind('sleep'), actuator, ms: integer({ min: 2_000, max: 20_000 }) }) },
  { weight: 3, arbitrary: record({ kind: kind('shared'), actuator, partition }) },
  record({ kind: kind('slow'), actuator, ms: integer({ min: 1_000, max: 10_000 }) }),
  record({ kind: kind('again'), actuator, records: integer({ min: 1, max: 200 }) }),
  record({ kind: kind('poison'), partition }),
  record({ kind: kind('redis-away'), ms: integer({ min: 500, max: 8_000 }) }),
  record({ kind: kind('lost-commit') }),
);

/** Each: a trouble, and how soon the next one follows, ms. */
const HAPPENING = tuple(TROUBLE, integer({ min: 500, max: 15_000 }));
const WARM_UP_MS = 20_000;
/** What a boot needs to be restarted once its partition is decided about. */
const RESTART_MS = 25_000;

export interface PartitionRuns {
  readonly runs: number;
  readonly seed: number;
}

export interface PartitionFindings {
  readonly restarts: number;
  /** How long after the last trouble all partitions were decided about again, at most, ms. */
  readonly longestMs: number;
}

/** Throws with the smallest sequence of troubles that breaks a rule. */
export async function checkPartitions({ runs, seed }: PartitionRuns): Promise<PartitionFindings> {
  let restarts = 0;
  let longestMs = 0;
  const property = asyncProperty(tuple(HAPPENING, HAPPENING, HAPPENING), async (happenings) => {
    const world = new PartitionWorld();
    await world.pass(WARM_UP_MS);
    for (const [app, [trouble, ms]] of happenings.entries()) {
      // Another one each time: memory that is back soon after a restart is not restarted again.
      world.bloat(app);
      world.trouble(trouble);
      await world.pass(ms);
    }
    const asleepMs = Math.max(0, ...happenings.map(([trouble]) => ('ms' in trouble ? trouble.ms : 0)));
    let waitedMs = 0;
    while (!world.allAreDecided() && waitedMs <= PartitionWorld.decidesAgainWithinMs + asleepMs) {
      await world.pass(500);
      waitedMs += 500;
    }
    longestMs = Math.max(longestMs, waitedMs - asleepMs);
    await world.pass(RESTART_MS);
    const lost = [...world.bloated].filter((boot) => !world.restarted().includes(boot));
    const found = [
      ...world.violations(),
      ...lost.map((boot) => `${boot} was not restarted`),
      ...(world.allAreDecided() ? [] : ['a partition is not decided about']),
      ...(waitedMs - asleepMs <= PartitionWorld.decidesAgainWithinMs ? [] : [`it took ${waitedMs} ms to decide again`]),
    ];
    restarts += world.restarted().length;
    if (found.length > 0) throw new Error(found.join('; '));
  });
  await assert(property, { numRuns: runs, seed });
  return { restarts, longestMs };
}
