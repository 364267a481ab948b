import { expect, it } from 'vitest';
import type { AppWants } from '../../../src/actuator/platform/cadence.ts';
import { PlatformView } from '../../../src/actuator/platform/platform-view.ts';
import { BadInputError, PlatformError } from '../../../src/model/errors.ts';
import { FleetPlatform } from '../../models/fleet-platform.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const MINUTE_MS = 60_000;
const NOTHING: AppWants = { newBoots: 0, newSinceMs: null, unsettled: 0, found: 0, hasGone: false, isNear: false };

function world(callsPerHour = 1500) {
  const clock = new VirtualClock();
  const platform = new FleetPlatform(clock);
  for (const app of ['shop', 'mail']) platform.addApp(app, 1);
  const allowed = ['shop', 'mail', 'gone'].map((app) => ({ app, processType: 'worker' }));
  const permissions = { allowed, ownApp: null };
  const view = new PlatformView({ platform, clock, permissions, freshMs: 30_000, callsPerHour });
  const refresh = (...apps: string[]) => view.refresh(new Map(apps.map((app) => [app, NOTHING])));
  return { clock, platform, view, refresh };
}

it.each([
  ['401', new PlatformError('unauthorized', 'm', { status: 401 }), 60_000],
  ['429', new PlatformError('rate-limited', 'm', { status: 429 }), 60_000],
  ['429 with a time', new PlatformError('rate-limited', 'm', { status: 429, retryAfterMs: 300_000 }), 300_000],
])('asks nothing for any app after %s until its time is over, then with one call', async (_what, fault, forMs) => {
  const { clock, platform, view, refresh } = world();
  platform.fault = fault;
  expect(await refresh('shop')).toEqual([fault]);
  expect(view.isBlocked()).toBe(true);
  clock.pass(forMs - 1);
  await refresh('shop', 'mail');
  expect(platform.count()).toBe(1);
  clock.pass(1);
  await refresh('shop', 'mail');
  expect(platform.count()).toBe(2);
  platform.fault = null;
  clock.pass(forMs);
  await refresh('shop', 'mail');
  expect(view.blocked()).toBeNull();
});

it('continues with the other apps after a refusal of one', async () => {
  const { view, refresh } = world();
  expect(await refresh('gone', 'shop')).toMatchObject([{ code: 'platform-refused' }]);
  expect(view.isBlocked()).toBe(false);
  expect(view.dynosOfApp('shop')).toHaveLength(1);
  expect(view.dynosOfApp('gone')).toBeNull();
});

it('asks for an app that is not there ever less often, once an hour in the end', async () => {
  const { clock, platform, refresh } = world();
  const hours: number[] = [];
  for (let hour = 0; hour < 4; hour++) {
    const before = platform.count('list gone');
    for (let minute = 0; minute < 60; minute++) {
      await refresh('gone');
      clock.pass(MINUTE_MS);
    }
    hours.push(platform.count('list gone') - before);
  }
  expect(hours[0]).toBeLessThan(10);
  expect(hours[3]).toBe(1);
});

it('forgets the dynos of an app that the platform knows no more', async () => {
  const { clock, platform, view, refresh } = world();
  await refresh('shop');
  platform.removeApp('shop');
  clock.pass(5 * 60 * MINUTE_MS);
  await refresh('shop');
  expect(view.dynosOfApp('shop')).toBeNull();
});

it('continues with the other apps when a name cannot be asked for, and says so', async () => {
  const { platform, view, refresh } = world();
  const list = platform.list.bind(platform);
  platform.list = async (app) => {
    if (app === 'mail') throw new BadInputError(`"${app}" is no name of a Heroku app`);
    return list(app);
  };
  expect(await refresh('mail', 'shop')).toMatchObject([{ code: 'bad-input' }]);
  expect(view.dynosOfApp('shop')).toHaveLength(1);
});

it('reads all sizes once for all apps, and those of an app only where one is not among them', async () => {
  const { platform, view, refresh } = world();
  await refresh('shop', 'mail');
  expect(platform.count('sizes')).toBe(1);
  const [dyno] = platform.dynos('shop');
  if (dyno === undefined) throw new Error('shop has no dyno');
  expect(view.factsOf('shop', dyno)).toMatchObject({ limitBytes: 2 ** 29, killBytes: 2 ** 30 });
  const odd = world();
  odd.platform.set('shop', [{ ...dyno, size: 'Private-M' }]);
  await odd.refresh('shop', 'mail');
  expect(odd.platform.calls.filter((call) => call.startsWith('sizes'))).toEqual(['sizes', 'sizes of shop']);
});

it("takes a dyno's size from the formation, when the dyno does not say it", async () => {
  const { platform, view, refresh } = world();
  const [dyno] = platform.dynos('shop');
  if (dyno === undefined) throw new Error('shop has no dyno');
  platform.set('shop', [{ ...dyno, size: null }]);
  await refresh('shop');
  expect(view.factsOf('shop', { ...dyno, size: null }).limitBytes).toBe(2 ** 29);
});

it('lists for restarts without a budget, and keeps what they see', async () => {
  const { clock, platform, view, refresh } = world(2);
  await refresh('shop');
  await refresh('shop');
  expect(view.calls().budgetLeft).toBe(0);
  clock.pass(1000);
  const fresh = platform.cycle('shop', 'worker.1');
  const restarts = view.forRestarts();
  for (let read = 0; read < 20; read++) await restarts.list('shop');
  expect(platform.count('list shop')).toBe(21);
  expect(view.dynosOfApp('shop')).toEqual([fresh]);
});

it('says how many calls were made in the last hour, and what is left of them', async () => {
  const { clock, platform, view, refresh } = world();
  platform.left = 4321;
  await refresh('shop', 'mail');
  expect(view.calls()).toEqual({ made: 3, left: 4321, used: 3, budget: 1500, budgetLeft: 7 });
  for (let minute = 0; minute < 62; minute++) {
    clock.pass(MINUTE_MS);
    await refresh();
  }
  expect(view.calls()).toMatchObject({ made: 3, used: 0, budgetLeft: 150 });
});
