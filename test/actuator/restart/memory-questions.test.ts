import { expect, it, vi } from 'vitest';
import { MemoryQuestions } from '../../../src/actuator/restart/memory-questions.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import type { Permissions } from '../../../src/model/policy.ts';
import { aDecision } from '../../models/decisions.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const MIB = 2 ** 20;
const SHOP = { app: 'shop', processType: 'worker' };
const ALLOWED: Permissions = { allowed: [SHOP], dryRun: false, ownApp: null };

function asking({ permissions = ALLOWED, fault = null as Error | null } = {}) {
  const clock = new VirtualClock();
  const asked: (readonly [bootId: string, maxRssMb: number])[] = [];
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const reports = {
    ask: async ({ bootId }: { bootId: string }, maxRssBytes: number) => {
      if (fault !== null) throw fault;
      asked.push([bootId, Math.round(maxRssBytes / MIB)]);
    },
    read: async () => null,
  };
  const questions = new MemoryQuestions({ reports, rules: { policy: defaultPolicy(), permissions }, clock, log });
  return { clock, asked, log, questions };
}

/** A leak that is about to be restarted, in a dyno of 512 MB that is killed at 1,024 MB. */
function aLeak({ usageMb = 450, killMb = 1024 as number | null } = {}) {
  const decision = aDecision({
    class: 'leak',
    action: 'restart',
    reason: 'leak-near-limit',
    wanted: 'leak-near-limit',
    usageBytes: usageMb * MIB,
    limitBytes: 512 * MIB,
  });
  const facts = killMb === null ? null : { killBytes: killMb * MIB };
  const identity = { app: 'shop', bootId: 'boot-1', dyno: 'worker.1' };
  // No more of a boot is looked at.
  return { decision, entry: { key: 'shop/boot-1', boot: { identity }, facts } } as unknown as Parameters<
    MemoryQuestions['ask']
  >[0][number];
}

it('asks a leaking boot every 20 s, so that the question of a minute outlives two lost writes', async () => {
  const { clock, asked, questions } = asking();
  for (let second = 0; second < 60; second += 5) {
    questions.ask([aLeak()]);
    clock.pass(5_000);
  }
  await questions.stop();
  expect(asked).toHaveLength(3);
  expect(asked[0]).toEqual(['boot-1', 973]);
});

it.each([
  ['of another class', () => [{ ...aLeak(), decision: aDecision() }], ALLOWED],
  ['within 5 % of its kill point', () => [aLeak({ usageMb: 980 })], ALLOWED],
  ['within 5 % of its quota, where no kill point is known', () => [aLeak({ usageMb: 490, killMb: null })], ALLOWED],
  ['in a dry run', () => [aLeak()], { ...ALLOWED, dryRun: true }],
  ['outside the allow-list', () => [aLeak()], { ...ALLOWED, allowed: [] }],
])('does not ask a boot %s', async (_what, decided, permissions) => {
  const { asked, questions } = asking({ permissions });
  questions.ask(decided());
  await questions.stop();
  expect(asked).toEqual([]);
});

it("says once that the queue's Redis does not answer, and fails nothing", async () => {
  const { clock, log, questions } = asking({ fault: new LedgerUnavailable('away') });
  for (let count = 0; count < 3; count++) {
    questions.ask([aLeak()]);
    await questions.stop();
    clock.pass(60_000);
  }
  expect(log.warn).toHaveBeenCalledOnce();
});
