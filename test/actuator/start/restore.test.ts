import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { restoreState, type SavedState } from '../../../src/actuator/start/restore.ts';
import { writeSnapshot } from '../../../src/detector/boot/snapshot.ts';
import type { ActuatorEvent, TakeSnapshot } from '../../../src/ports.ts';
import { aDecision } from '../../models/decisions.ts';
import { LoopWorld, WINDOW_MS } from '../../models/loop-world.ts';
import { PATIENCE } from '../../patience.ts';

const TIMEOUT_MS = 5_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What an earlier actuator left behind, in a Redis that may still be away. */
class ModelSavedState implements SavedState {
  readonly texts = new Map<string, string>();
  readonly events: ActuatorEvent[] = [];
  readonly refused: string[] = [];
  isThere = true;
  fault: Error | null = null;
  readonly #listeners: (() => void)[] = [];
  readonly snapshots = {
    save: async () => {},
    load: async (_partition: number | null, take: TakeSnapshot) => {
      if (this.fault !== null) throw this.fault;
      for (const [key, json] of this.texts) take(key, json);
    },
    refuse: (key: string) => void this.refused.push(key),
  };
  readonly journal = { append: async () => {}, recent: async () => this.events };
  available = () => this.isThere;
  onAvailable = (listener: () => void) => void this.#listeners.push(listener);

  connect(): void {
    this.isThere = true;
    for (const listener of this.#listeners) listener();
  }
}

/** A world in which worker.1 has reported, and what it would have saved. */
function saved(pointsId: string | null = '7-0') {
  const before = new LoopWorld();
  before.report('worker.1', { windows: 5 });
  const state = new ModelSavedState();
  for (const { key, boot } of before.registry.entries())
    state.texts.set(key, writeSnapshot({ boot, pointsId, place: null }));
  const after = new LoopWorld();
  after.clock.pass(5 * WINDOW_MS);
  const { registry, history, clock, log } = after;
  const maxPointAgeMs = after.policy.maxPointAgeMs;
  const restore = () =>
    restoreState(
      { registry, history, only: null, withBoots: true, maxPointAgeMs, host: { clock, log } },
      state,
      TIMEOUT_MS,
    );
  return { state, after, restore };
}

it('restores boots, decisions, and the position in the points stream', async () => {
  const { state, after, restore } = saved();
  state.events.push({ type: 'decision', timeMs: 1, decision: aDecision(), outcome: null });
  const restoring = restore();
  expect(restoring.isOver()).toBe(false);
  expect(await restoring.pointsId).toBe('7-0');
  expect(restoring.isOver()).toBe(true);
  expect(after.registry.find('shop', { dyno: 'worker.1', bootId: 'platform-boot-1' })).not.toBeNull();
  expect(after.history.decisions.recent(10)).toHaveLength(1);
});

it('needs nothing without Redis', async () => {
  const { registry, history, clock, log } = new LoopWorld();
  const restoring = restoreState(
    { registry, history, only: null, withBoots: true, maxPointAgeMs: 1, host: { clock, log } },
    null,
    TIMEOUT_MS,
  );
  expect(restoring.isOver()).toBe(true);
  expect(await restoring.pointsId).toBeNull();
});

it('continues without an invalid snapshot, and logs its key', async () => {
  const { state, after, restore } = saved();
  state.texts.set('broken', '{');
  await restore().pointsId;
  expect(state.refused).toEqual(['broken']);
  expect(after.registry.size).toBe(1);
});

it('reads the stream from its oldest points when no reporting boot gives a position', async () => {
  const { after, restore } = saved();
  after.clock.pass(after.policy.maxPointAgeMs + 1);
  expect(await restore().pointsId).toBeNull();
});

it('waits for a Redis that is away no longer than its time, and restores when it comes', async () => {
  const { state, after, restore } = saved();
  state.isThere = false;
  const restoring = restore();
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
  expect(restoring.isOver()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(restoring.isOver()).toBe(true);
  expect(await restoring.pointsId).toBeNull();
  state.connect();
  await vi.waitFor(() => expect(after.registry.size).toBe(1), PATIENCE);
});

it('logs a read that failed, and tries again when it is asked to', async () => {
  const { state, after, restore } = saved();
  state.fault = new Error('away');
  const restoring = restore();
  await restoring.again();
  expect(after.lines).toMatchObject([{ level: 'warn', fields: { error: 'away' } }]);
  state.fault = null;
  await restoring.again();
  expect(await restoring.pointsId).toBe('7-0');
});
