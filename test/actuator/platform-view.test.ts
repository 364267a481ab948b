import { expect, it } from 'vitest';
import { PlatformView } from '../../src/actuator/platform-view.ts';
import { BadInputError, PlatformError } from '../../src/model/errors.ts';
import { ModelPlatform } from '../models/model-platform.ts';
import { VirtualClock } from '../models/virtual-clock.ts';

const FRESH_MS = 30_000;

function view() {
  const clock = new VirtualClock();
  const platform = new ModelPlatform(clock, ['worker.1']);
  let lists = 0;
  const counted = Object.assign(Object.create(platform), {
    list: () => {
      lists += 1;
      return platform.list();
    },
  });
  return { clock, platform, lists: () => lists, view: new PlatformView(counted, clock, FRESH_MS) };
}

it.each([
  ['the account has calls enough', 4000, 1],
  ['the answers do not say how many calls are left', null, 1],
  ['few calls are left: ten times as long', 449, 10],
])('reads an app again when its view is old; %s', async (_what, callsLeft, factor) => {
  const { clock, platform, lists, view: platformView } = view();
  platform.callsLeft = callsLeft;
  await platformView.refresh(['shop']);
  clock.pass(factor * FRESH_MS - 1);
  await platformView.refresh(['shop']);
  expect(lists()).toBe(1);
  clock.pass(1);
  await platformView.refresh(['shop']);
  expect(lists()).toBe(2);
});

it.each([
  ['401', new PlatformError('unauthorized', 'm', { status: 401 }), 60_000],
  ['429', new PlatformError('rate-limited', 'm', { status: 429 }), 60_000],
  ['429 with a time', new PlatformError('rate-limited', 'm', { status: 429, retryAfterMs: 300_000 }), 300_000],
])('asks nothing for any app after %s, until its time is over', async (_what, fault, forMs) => {
  const { clock, platform, lists, view: platformView } = view();
  platform.listFault = fault;
  expect(await platformView.refresh(['shop'])).toEqual([fault]);
  expect(platformView.isBlocked()).toBe(true);
  platform.listFault = null;
  clock.pass(forMs - 1);
  await platformView.refresh(['other']);
  expect(lists()).toBe(1);
  clock.pass(1);
  await platformView.refresh(['other']);
  expect(lists()).toBe(2);
  expect(platformView.blocked()).toBeNull();
});

it('continues with the other apps after a refusal of one', async () => {
  const { platform, view: platformView } = view();
  platform.listFault = new PlatformError('refused', 'm', { status: 403, errorId: 'forbidden' });
  await platformView.refresh(['shop']);
  expect(platformView.isBlocked()).toBe(false);
  platform.listFault = null;
  expect(await platformView.refresh(['other'])).toEqual([]);
  expect(platformView.dynosOfApp('other')).toHaveLength(1);
  expect(platformView.dynosOfApp('shop')).toBeNull();
});

it('continues with the other apps when a name cannot be asked for, and says so', async () => {
  const { platform, clock } = view();
  const picky = Object.assign(Object.create(platform), {
    list: (app: string) => {
      if (app !== 'shop') throw new BadInputError(`"${app}" is no name of a Heroku app`);
      return platform.list();
    },
  });
  const platformView = new PlatformView(picky, clock, FRESH_MS);
  expect(await platformView.refresh(['sh op', 'shop'])).toMatchObject([{ code: 'bad-input' }]);
  expect(platformView.dynosOfApp('shop')).toHaveLength(1);
  expect(await platformView.refresh(['sh op'])).toEqual([]);
});
