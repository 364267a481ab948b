import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BorrowedRedis } from '../../../src/instrument/bullmq/borrowed-redis.ts';
import { EmbeddedActuator } from '../../../src/instrument/embedded/embedded-actuator.ts';
import type { EmbeddedStart } from '../../../src/shared/embedded-messages.ts';

const MINUTE_MS = 60_000;

/** Whether Redis grants the lead; null: it does not answer. */
let grants: boolean | null;
let tries: string[][];
let started: EmbeddedStart[];
let stops: number;
let end: (isFinal: boolean) => void;
let actuator: EmbeddedActuator;

beforeEach(() => {
  vi.useFakeTimers();
  grants = true;
  tries = [];
  started = [];
  stops = 0;
  const redis: BorrowedRedis = {
    evaluate: async (_script, keys) => {
      tries.push([...keys]);
      if (grants === null) throw new Error('no answer');
      return grants ? 1 : 0;
    },
    isConnected: async () => true,
  };
  actuator = new EmbeddedActuator({
    target: { app: 'shop', processType: 'worker' },
    redis: () => redis,
    startThread: (start, onEnd) => {
      started.push(start);
      end = onEnd;
      return { stop: () => (stops += 1) };
    },
    nowMs: () => Date.now(),
  });
});

afterEach(() => {
  actuator.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a process whose workers may carry the actuator', () => {
  it('starts it once it holds the key of its own target, and then tries no more', async () => {
    actuator.start();
    actuator.start();
    await pass(MINUTE_MS);
    expect(started).toEqual([{ app: 'shop', processType: 'worker', leaderId: expect.any(String) }]);
    expect(tries).toEqual([['tidemark:leader:shop:worker']]);
  });

  it.each([
    ['another process leads', false],
    ['Redis does not answer', null],
  ])('tries again every few seconds while %s', async (_why, answer) => {
    grants = answer;
    actuator.start();
    await pass(MINUTE_MS);
    expect(started).toEqual([]);
    expect(tries.length).toBeGreaterThan(8);
    grants = true;
    await pass(6_000);
    expect(started).toHaveLength(1);
  });

  it('tries again when its actuator has ended, less and less often while it ends at once', async () => {
    actuator.start();
    const starts: number[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      await pass(MINUTE_MS);
      if (started.length === starts.length) continue;
      starts.push(minute);
      end(false);
    }
    expect(starts.length).toBeGreaterThan(4);
    expect(starts.length).toBeLessThan(15);
  });

  it('tries again at once when its actuator has run for long', async () => {
    actuator.start();
    await pass(2 * MINUTE_MS);
    end(false);
    await pass(6_000);
    expect(started).toHaveLength(2);
  });

  it('tries no more when its settings are wrong', async () => {
    actuator.start();
    await pass(6_000);
    end(true);
    await pass(60 * MINUTE_MS);
    expect(started).toHaveLength(1);
    expect(tries).toHaveLength(1);
  });

  it('stops its actuator when the last worker closes, and starts one for the next worker', async () => {
    actuator.start();
    await pass(6_000);
    actuator.stop();
    expect(stops).toBe(1);
    end(false);
    await pass(MINUTE_MS);
    expect(started).toHaveLength(1);
    actuator.start();
    await pass(6_000);
    expect(started).toHaveLength(2);
  });
});
