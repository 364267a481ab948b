import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, it } from 'vitest';
import { namedPatterns, StandbyWatch } from '../../../src/actuator/group/standby-watch.ts';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';
import { parseTargetPatterns, targetKey } from '../../../src/model/target.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

let state: RedisState;
afterEach(() => state.close());

const MINUTE_MS = 60_000;
const OWN_APP = 'shop';

function patternsOf(text: string) {
  const parsed = parseTargetPatterns(text);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return namedPatterns(parsed.patterns, OWN_APP);
}

/** An actuator that stands by while others lead, and what it has said after some minutes. */
async function standby(own: string, leaders: readonly (string | null)[], minutes: number) {
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({ url: inject('redisUrl'), policy, keyPrefix: `test-${randomUUID()}:` });
  await state.untilAvailable(5_000);
  for (const [index, allowed] of leaders.entries()) {
    const record = { name: 'tidemark.1', startedAtMs: 1, leads: true, partitions: null, targets: [], dynos: 0 };
    const list = allowed === null ? {} : { allowed: patternsOf(allowed).map(targetKey) };
    await state.actuators.save({ id: `leader-${index}`, ...record, ...list });
  }
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const clock = new VirtualClock();
  const host = { clock, log: { info: say, warn: say, error: say } };
  let leads = false;
  const watch = new StandbyWatch({ allowed: patternsOf(own), leadership: { leads: () => leads }, state, host });
  const pass = async (count: number) => {
    for (let minute = 0; minute < count; minute += 1) {
      await watch.look();
      clock.pass(MINUTE_MS);
    }
  };
  await pass(minutes);
  return { lines, pass, lead: (value: boolean) => (leads = value) };
}

it.each<[string, string, readonly (string | null)[], string]>([
  ['another app', '.:worker', ['mail:worker'], 'shop:worker'],
  ['another process type', '.:worker,.:mailer', ['shop:worker'], 'shop:mailer'],
  ['fewer review apps', 'shop-*:worker', ['shop-pr-*:worker'], 'shop-*:worker'],
  ['an empty allow-list', 'mail:worker', [''], 'mail:worker'],
])('a standby says once what nobody restarts while %s is led', async (_, own, leaders, targets) => {
  const { lines } = await standby(own, leaders, 10);
  expect(lines).toEqual([expect.stringContaining(`does not have ${targets} in its TIDEMARK_TARGETS`)]);
});

it.each<[string, string, readonly (string | null)[], number]>([
  ['the same targets are led', '.:worker', ['shop:worker'], 10],
  ['more is led', 'shop-pr-*:worker', ['shop-*:worker,mail:worker'], 10],
  ['each of several leads a part', 'shop:worker,mail:worker', ['shop:worker', 'mail:worker'], 10],
  ['an older version leads', 'shop:worker', [null], 10],
  ['nobody leads', 'shop:worker', [], 10],
  ['it has just begun, and may replace the one that leads', 'shop:worker', ['mail:worker'], 1],
])('a standby says nothing where %s', async (_, own, leaders, minutes) => {
  const { lines } = await standby(own, leaders, minutes);
  expect(lines).toEqual([]);
});

it('says nothing while it leads itself', async () => {
  const { lines, pass, lead } = await standby('shop:worker', ['mail:worker'], 1);
  lead(true);
  await pass(5);
  expect(lines).toEqual([]);
});
