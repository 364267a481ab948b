import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LedgerUnavailable, PlatformError } from '../../src/model/errors.ts';
import { AttemptWorld, type Happening, type Passage, type SendingWrite, type WireDelete } from './attempt-world.ts';
import type { DeleteFate } from './model-platform.ts';

const HOUR_MS = 3_600_000;
const SHOP = { app: 'shop', processType: 'worker' };

const actuator = fc.nat(1);
const by = fc.constantFrom('policy' as const, 'policy' as const, 'policy' as const, 'person' as const);
const passage = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Passage>('through') },
  { weight: 3, arbitrary: fc.constantFrom<Passage>('answer-lost', 'request-lost', 'answer-late') },
);
const fate = fc.constantFrom<DeleteFate>('accepted', 'lost-answer', 'lost-request', 'refused', 'rate-limited', 'no-op');

const mostly = (usual: boolean) => fc.constantFrom(usual, usual, !usual);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 100, arbitrary: fc.record({ kind: fc.constant('gate'), index: fc.nat(5), passage }) },
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('run'), gates: fc.integer({ min: 2, max: 12 }) }) },
  { weight: 50, arbitrary: fc.record({ kind: fc.constant('tick'), actuator }) },
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('claim'), actuator, dyno: fc.nat(1), by }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('crash'), actuator }) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(100, 2_000, 6_000, 20_000) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(100_000, 400_000) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('fate'), fate }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('platform-down'), down: mostly(false) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('busy'), busy: mostly(false) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause'), pause: mostly(false) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ledger-emptied') }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('ledger-behind'), happenings: fc.integer({ min: 1, max: 20 }) }),
  },
);

/** What must be true whatever happens. */
function check(world: AttemptWorld): void {
  for (const sent of world.deletes) {
    const { write } = sent;
    if (write === null) throw new Error(`${sent.dyno} was sent for without a claim`);
    assert.equal(sent.bootId, write.attempt.platformDynoId, 'the boot that was read, and no other');
    assert(sent.sinceWriteMs < 5_000, 'soon after the write');
  }
  checkAttemptIds(world);
  checkBoots(world);
  checkBudget(world);
  if (!world.hasLost()) assert.deepEqual(world.losses, [], 'no loss was seen where there was none');
  const strange = world.faults.filter(
    (fault) => !(fault instanceof LedgerUnavailable || fault instanceof PlatformError),
  );
  assert.deepEqual(strange, [], 'no fault of the program');
}

/** One DELETE for an attempt, except where the ledger had lost the first and nobody who knew has written it back. */
function checkAttemptIds(world: AttemptWorld): void {
  world.deletes.forEach((sent, index) => {
    const earlier = world.deletes
      .slice(0, index)
      .filter((other) => other.write?.attempt.id === sent.write?.attempt.id && isRemembered(world, other, sent));
    assert.deepEqual(earlier, [], 'one DELETE for an attempt');
  });
}

/**
 * A boot is sent for once, except where it was provably refused, or a person asked, or the ledger had lost everything
 * in between and nobody who knew has written it back.
 */
function checkBoots(world: AttemptWorld): void {
  world.deletes.forEach((sent, index) => {
    if (sent.write?.attempt.by === 'person') return;
    const earlier = world.deletes
      .slice(0, index)
      .filter((other) => other.bootId === sent.bootId && !isRefused(other) && isRemembered(world, other, sent));
    assert.deepEqual(earlier, [], `${sent.bootId} was sent for before`);
  });
}

/**
 * Whether the one of two senders that wrote `sending` later had to know of the other: by the ledger, by itself, or by
 * what the other wrote back before, once it had heard that its own write was accepted. Their requests may reach the
 * platform in the other order.
 */
function isRemembered(world: AttemptWorld, one: WireDelete, other: WireDelete): boolean {
  if (one.write === null || other.write === null) return true;
  const pair = [one.write, other.write] as const;
  const [earlier, later] = world.writes.indexOf(pair[0]) <= world.writes.indexOf(pair[1]) ? pair : pair.toReversed();
  if (earlier === undefined || later === undefined) return true;
  if (world.isKept(earlier, later.generation) || earlier.life === later.life) return true;
  const { heardAtMs } = earlier;
  const wroteBack = earlier.life.wroteBackAtMs.get(later.generation) ?? [];
  return heardAtMs !== null && wroteBack.some((atMs) => atMs > heardAtMs && atMs < later.atMs);
}

function checkBudget(world: AttemptWorld): void {
  const { writes, policy } = world;
  writes.forEach((write, index) => {
    if (write.attempt.by === 'person') return;
    const before = writes.slice(0, index).filter((other) => isCounted(world, other, write));
    const lastHour = before.filter((other) => other.atMs > write.atMs - HOUR_MS);
    assert(lastHour.length < policy.maxRestartsPerHour, 'within the hourly budget');
    const previous = before.at(-1);
    if (previous !== undefined) {
      assert(write.atMs - previous.atMs >= policy.cooldownMs, 'after the cooldown');
    }
  });
}

/**
 * Cooldown and budget are kept by the ledger, or by an actuator that has written both; not if the platform refused the
 * first, or its answer was lost, so that nothing was sent.
 */
function isCounted(world: AttemptWorld, earlier: SendingWrite, later: SendingWrite): boolean {
  if (world.isKept(earlier, later.generation)) return true;
  if (world.wasEmptiedOf(earlier) || isWrittenAgain(world, earlier, later)) return false;
  return earlier.life === later.life && world.deletes.some((sent) => sent.write === earlier && !isRefused(sent));
}

/** Another actuator has written the same `sending` after the ledger had lost it: that attempt counts once. */
function isWrittenAgain(world: AttemptWorld, earlier: SendingWrite, later: SendingWrite): boolean {
  const { writes } = world;
  const between = writes.slice(writes.indexOf(earlier) + 1, writes.indexOf(later));
  return between.some((write) => write.attempt.id === earlier.attempt.id && world.isKept(write, later.generation));
}

function isRefused({ fate }: WireDelete): boolean {
  return fate === 'refused' || fate === 'rate-limited';
}

export interface ModelRuns {
  readonly runs: number;
  readonly seed: number;
  /** Called after each run that held. */
  readonly onRun?: () => void;
}

/** What became of the runs; 0 would mean that there was nothing to look at. */
export interface ModelRunsResult {
  readonly deletes: number;
  readonly closedAttempts: number;
}

/**
 * Whatever is lost, late, slept through or killed. Rejects with the smallest sequence of happenings that breaks one of
 * the rules.
 */
export async function checkAttempts({ runs, seed, onRun }: ModelRuns): Promise<ModelRunsResult> {
  let deletes = 0;
  let closedAttempts = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 50, maxLength: 300, size: 'max' }), async (happenings) => {
      const world = new AttemptWorld();
      for (const next of happenings) await world.happen(next);
      await world.recover();
      check(world);
      const { open, history } = await world.ledger.read(SHOP);
      assert.equal(open, null, 'every attempt ends');
      const given = history.filter(({ outcome }) => outcome === 'abandoned').map(({ attemptId }) => attemptId);
      const sent = world.deletes.filter(
        ({ write }) =>
          write !== null && world.isKept(write, Number.POSITIVE_INFINITY) && given.includes(write.attempt.id),
      );
      assert.deepEqual(sent, [], 'an attempt that was sent is not given up');
      deletes += world.deletes.length;
      closedAttempts += history.length;
      onRun?.();
    }),
    { numRuns: runs, seed },
  );
  return { deletes, closedAttempts };
}
