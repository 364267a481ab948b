import { expect, it, vi } from 'vitest';
import { BackgroundRunner } from '../../../src/actuator/restart/background-runner.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';

it('says once that the ledger is away, and again when it goes away later', async () => {
  const away = [{ target: null, error: new LedgerUnavailable('no answer') }];
  const rounds = [away, away, away, [], away, away];
  const warn = vi.fn();
  const said: number[] = [];
  const runner = new BackgroundRunner({
    runner: {
      claim: vi.fn(),
      adopt: vi.fn(),
      stop: async () => {},
      advanceAll: async () => ({ faults: rounds.shift() ?? [], platformBlocked: null }),
    },
    drain: { stop: async () => {} },
    questions: null,
    onPlatformBlocked: () => {},
    log: { info: warn, warn, error: warn },
  });
  while (rounds.length > 0) {
    runner.advance();
    await runner.stop();
    said.push(warn.mock.calls.length);
  }
  expect(said).toEqual([1, 1, 1, 1, 2, 2]);
});
