import { beforeEach, describe, expect, it } from 'vitest';
import { RememberingLedger } from '../../../src/actuator/restart/remembering-ledger.ts';
import type { Move } from '../../../src/attempt/attempt.ts';
import type { AdvanceAnswer, ClaimAnswer } from '../../../src/ports.ts';
import { aClaim } from '../../models/a-claim.ts';
import { ModelLedger } from '../../models/ledger/model-ledger.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const HOUR_MS = 3_600_000;
const POLICY = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 240_000 };

let clock: VirtualClock;
let ledger: ModelLedger;
let mine: RememberingLedger;
let other: RememberingLedger;

beforeEach(async () => {
  clock = new VirtualClock();
  ledger = new ModelLedger(clock, POLICY);
  mine = new RememberingLedger(ledger);
  other = new RememberingLedger(ledger);
  await mine.read(SHOP);
  clock.pass(POLICY.holdMs);
  await restarted();
  clock.pass(2 * HOUR_MS);
});

/** A restart of the target that is over: it is worth remembering from then on. */
async function restarted(): Promise<void> {
  const to = { platformDynoId: 'platform-boot-1', deadlineInMs: 90_000 };
  const moves: readonly Move[] = [
    { to: 'draining', ...to },
    { to: 'sending', ...to },
    { to: 'closed', outcome: 'restarted', evidence: '' },
  ];
  let answer: ClaimAnswer | AdvanceAnswer = await other.claim(aClaim());
  for (const move of moves) if (answer.ok) answer = await other.advance(answer.attempt, move);
  expect(answer.ok).toBe(true);
}

describe("a ledger whose server's clock was set back by an hour, and that then lost everything", () => {
  it.each([SHOP, null])('holds the pause again that was read in between: %j', async (target) => {
    await mine.read(SHOP);
    clock.pass(-HOUR_MS);
    await other.pause(target);
    await mine.read(SHOP);
    ledger.empty();
    expect((await mine.read(SHOP)).paused).toBe(true);
  });

  it.each([SHOP, null])('is not paused again where a resume was read in between: %j', async (target) => {
    await other.pause(target);
    await mine.read(SHOP);
    clock.pass(-HOUR_MS);
    await other.resume(target);
    await mine.read(SHOP);
    ledger.empty();
    expect((await mine.read(SHOP)).paused).toBe(false);
  });
});
