import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/attempt/attempt.ts';
import { type ClosedSending, restartedAndDown } from '../../src/attempt/restarted-dyno.ts';
import type { ListedDyno } from '../../src/model/listing.ts';

const NOW_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

function closed(dyno: string, outcome: Outcome = 'restarted', minutesAgo = 20): ClosedSending {
  const closedAtMs = NOW_MS - minutesAgo * MINUTE_MS;
  return { dyno, outcome, closedAtMs, sendingAtMs: closedAtMs - 5_000 };
}

function listed(name: string, state: string, minutesOld = 19, processType = 'worker'): ListedDyno {
  return { id: `${name}-${minutesOld}`, name, processType, state, createdAtMs: NOW_MS - minutesOld * MINUTE_MS };
}

const find = (history: readonly ClosedSending[], dynos: readonly ListedDyno[]) =>
  restartedAndDown(history, dynos, { processType: 'worker', nowMs: NOW_MS })?.name ?? null;

describe('the dyno that was restarted last', () => {
  it.each<[string, readonly ClosedSending[], readonly ListedDyno[], string | null]>([
    ['runs again', [closed('worker.1')], [listed('worker.1', 'up'), listed('worker.2', 'up')], null],
    ['crashed', [closed('worker.1')], [listed('worker.1', 'crashed'), listed('worker.2', 'up')], 'worker.1'],
    ['still starts', [closed('worker.1')], [listed('worker.1', 'starting')], 'worker.1'],
    ['was removed', [closed('worker.1')], [listed('worker.2', 'up')], null],
    ['runs, and another crashed by itself', [closed('worker.1')], [listed('worker.2', 'crashed')], null],
    ['was restarted two days ago', [closed('worker.1', 'restarted', 2_880)], [listed('worker.1', 'crashed')], null],
    ['was not confirmed', [closed('worker.1', 'unconfirmed')], [listed('worker.1', 'crashed')], 'worker.1'],
    ['was not sent for', [closed('worker.1', 'drain-timeout')], [listed('worker.1', 'crashed')], null],
    ['is not the newest', [closed('worker.2'), closed('worker.1')], [listed('worker.1', 'crashed')], null],
    ['has a namesake of another type', [closed('worker.1')], [listed('worker.1', 'crashed', 19, 'web')], null],
  ])('%s', (_, history, dynos, found) => {
    expect(find(history, dynos)).toBe(found);
  });

  it.each<[string, readonly ListedDyno[], string | null]>([
    ['crashed', [listed('worker-b-2', 'crashed', 19), listed('worker-c-3', 'up', 600)], 'worker-b-2'],
    ['runs, and an older one crashed by itself', [listed('worker-c-3', 'crashed', 600)], null],
  ])('is known by its age on Fir, where it has another name: %s', (_, dynos, found) => {
    expect(find([closed('worker-a-1')], dynos)).toBe(found);
  });
});
