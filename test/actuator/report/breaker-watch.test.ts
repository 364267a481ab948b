import { expect, it } from 'vitest';
import { BreakerWatch } from '../../../src/actuator/report/breaker-watch.ts';
import type { LedgerView } from '../../../src/ports.ts';

function view(breakerOpenUntilMs: number, nowMs = 1_000): LedgerView {
  return {
    target: { app: 'shop', processType: 'worker' },
    nowMs,
    open: null,
    history: [],
    dryHistory: [],
    cooldownUntilMs: 0,
    dryCooldownUntilMs: 0,
    sentLastHour: 0,
    heldUntilMs: 0,
    breakerOpenUntilMs,
    breakerReason: 'why',
    paused: false,
    pausedBy: { all: false, target: false },
    hasWordOfPause: { all: false, target: false },
    writtenBackMs: 0,
    pausedSinceMs: null,
    pauser: null,
    epochMs: 0,
    mayBeEvicted: false,
    spentBootIds: [],
    spentShownAfterMs: 0,
    learnedFloorBytes: null,
    learnedBytesPerJob: null,
    uselessRestarts: 0,
  };
}

it('reports each opening once', () => {
  const watch = new BreakerWatch();
  expect(watch.look(view(0), 7)).toBeNull();
  expect(watch.look(view(5_000), 7)).toEqual({
    type: 'breaker',
    timeMs: 7,
    target: 'shop:worker',
    reason: 'why',
    openUntilMs: 5_000,
    openForMs: 4_000,
  });
  expect(watch.look(view(5_000, 2_000), 8)).toBeNull();
  expect(watch.look(view(0, 6_000), 9)).toBeNull();
  expect(watch.look(view(9_000, 6_500), 10)).toMatchObject({ openUntilMs: 9_000 });
});

it('does not report what an actuator before it reported', () => {
  const seen = new BreakerWatch().look(view(5_000), 7);
  const watch = new BreakerWatch();
  watch.restore(seen === null ? [] : [seen]);
  expect(watch.look(view(5_000), 8)).toBeNull();
  expect(watch.look(view(6_000), 8)).not.toBeNull();
});
