import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RedisConnection } from '../../../src/adapters/redis/connection/connection.ts';
import { createKeys } from '../../../src/adapters/redis/keys.ts';
import { createLeader } from '../../../src/adapters/redis/leader.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import type { Leader } from '../../../src/ports.ts';

const LEASE_MS = 9_000;

/** What Redis says to whoever asks for the key; null: nothing. */
let answer: 0 | 1 | null;
let leader: Leader;

beforeEach(() => {
  vi.useFakeTimers();
  const connection: RedisConnection = {
    available: () => true,
    obstacle: async () => null,
    run: async () => {
      if (answer === null) throw new LedgerUnavailable('no answer');
      return answer as never;
    },
    onReady: () => {},
    untilReady: async () => true,
    close: async () => {},
  };
  leader = createLeader({
    connection,
    seat: { key: createKeys().leader, id: randomUUID() },
    log: () => {},
    leaseMs: LEASE_MS,
  });
});

afterEach(async () => {
  await leader.stop();
  vi.useRealTimers();
});

it('stands by while the lease of another may still run, though Redis does not answer', async () => {
  answer = 0;
  leader.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(leader.isLeader()).toBe(false);
  answer = null;
  await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
  expect(leader.isLeader()).toBe(false);
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  expect(leader.isLeader()).toBe(true);
  answer = 0;
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  expect(leader.isLeader()).toBe(false);
});

it('continues leading while Redis does not answer', async () => {
  answer = 1;
  leader.start();
  await vi.advanceTimersByTimeAsync(0);
  answer = null;
  await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
  expect(leader.isLeader()).toBe(true);
});

it('leads at once when Redis has never answered', async () => {
  answer = null;
  leader.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(leader.isLeader()).toBe(true);
});

it('reports the lead again only where another may have had it, not after a late answer', async () => {
  let led = 0;
  leader.onLeading(() => {
    led += 1;
  });
  answer = 1;
  leader.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(led).toBe(1);
  answer = null;
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  answer = 1;
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  expect(led).toBe(1);
  answer = null;
  await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
  answer = 1;
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  expect(led).toBe(2);
});
