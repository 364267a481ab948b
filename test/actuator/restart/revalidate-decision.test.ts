import { beforeEach, expect, it } from 'vitest';
import { mayBeOver } from '../../../src/actuator/restart/revalidate-decision.ts';
import type { Attempt } from '../../../src/attempt/attempt.ts';
import { aClaim } from '../../models/a-claim.ts';
import { LoopWorld, WINDOW_MS } from '../../models/loop-world.ts';

let world: LoopWorld;
let bootId: string;

beforeEach(async () => {
  world = new LoopWorld();
  bootId = world.platform.dyno('worker.1').id;
  world.report('worker.1', { windows: 5 });
  await world.tick();
});

async function guess(changes: Partial<Attempt> = {}): Promise<boolean> {
  const { registry, clock, policy } = world;
  const answer = await world.ledger.claim(aClaim({ bootId, ...changes }));
  if (!answer.ok) throw new Error(answer.why);
  return mayBeOver(answer.attempt, { registry, clock, policy });
}

it('a boot that reports and is listed is not over', async () => {
  expect(await guess()).toBe(false);
});

it('a boot may be over once the listing has another', async () => {
  world.platform.cycle('worker.1');
  world.report('worker.1', { windows: 5 });
  await world.tick();
  expect(await guess()).toBe(true);
});

it('a boot may be over once it is silent', async () => {
  world.clock.pass(4 * WINDOW_MS);
  expect(await guess()).toBe(true);
});

it('nothing is guessed of a boot that reports to another actuator', async () => {
  expect(await guess({ bootId: 'unknown' })).toBe(false);
});

it("a boot with a derived id may be over in a person's attempt, which names the platform's id", async () => {
  expect(await guess({ bootId: 'unknown', by: 'person' })).toBe(true);
});
