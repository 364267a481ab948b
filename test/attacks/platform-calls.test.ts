import { expect, it } from 'vitest';
import type { Decision } from '../../src/model/decision.ts';
import { PlatformError } from '../../src/model/errors.ts';
import { WatchedFleet } from '../models/watched-fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function named(count: number, prefix = 'shop') {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** Every app's dynos report in every tick, and so often in a tick the platform replaces one. */
function steady(world: WatchedFleet, apps: readonly string[], cyclesPerTick = 0) {
  let due = 0;
  let cycled = 0;
  return () => {
    due += cyclesPerTick;
    for (; due >= 1; due -= 1) {
      const app = apps[cycled % apps.length] ?? '';
      const dynos = world.platform.dynos(app);
      world.platform.cycle(app, dynos[Math.floor(cycled / apps.length) % dynos.length]?.name ?? '');
      cycled += 1;
    }
    for (const app of apps) world.report(app, world.platform.dynos(app));
  };
}

it('37 apps that are quiet cost a few calls an hour', async () => {
  const world = new WatchedFleet();
  const apps = named(37);
  for (const app of apps) world.platform.addApp(app, 3);
  const report = steady(world, apps);
  await world.run(HOUR_MS, report, 30_000);
  expect(apps.every((app) => world.listingOf(app, 'worker.1') === 'listed')).toBe(true);
  // The list of apps, of sizes, and each app once.
  expect(world.platform.count()).toBeLessThanOrEqual(40);
  const before = world.platform.count();
  await world.run(HOUR_MS, report, 30_000);
  expect(world.platform.count() - before).toBeLessThanOrEqual(37);
});

it('200 apps of 50 dynos cost at most 1,500 calls in any hour, their daily restarts included', {
  timeout: 60_000,
}, async () => {
  const world = new WatchedFleet();
  const apps = named(200);
  for (const app of apps) world.platform.addApp(app, 50);
  // 10,000 dynos, each replaced once a day.
  const report = steady(world, apps, 10_000 / 24 / 60);
  const hours: number[] = [];
  for (let hour = 0; hour < 2; hour++) {
    const before = world.platform.count();
    await world.run(HOUR_MS, report, MINUTE_MS);
    hours.push(world.platform.count() - before);
  }
  expect(Math.max(...hours)).toBeLessThanOrEqual(1500);
  expect(hours[1]).toBeLessThanOrEqual(600);
  // Those that were replaced just now.
  expect(world.unlisted()).toBeLessThanOrEqual(10);
});

it('2,500 invented apps that a pattern matches cost calls of the list of apps only, and no app waits', async () => {
  const world = new WatchedFleet({ allowed: [{ app: 'shop-pr-*', processType: 'worker' }] });
  const real = world.platform.addApp('shop-pr-1', 2);
  const invented = named(2500, 'shop-pr-x');
  const attack = () => {
    world.report('shop-pr-1', real);
    for (const app of invented) world.report(app, [{ name: 'worker.1', id: `${app}-boot` }]);
  };
  await world.run(HOUR_MS, attack, MINUTE_MS);
  expect(world.platform.calls.filter((call) => call.startsWith('list'))).toEqual(['list shop-pr-1']);
  expect(world.platform.count('apps')).toBeLessThanOrEqual(12);
  expect(world.listingOf('shop-pr-1', 'worker.2')).toBe('listed');
});

it('a real review app is found while invented ones report', async () => {
  const world = new WatchedFleet({ allowed: [{ app: 'shop-pr-*', processType: 'worker' }] });
  const invented = named(50, 'shop-pr-x');
  const attack = () => {
    for (const app of invented) world.report(app, [{ name: 'worker.1', id: `${app}-boot` }]);
  };
  await world.run(HOUR_MS, attack, 30_000);
  const real = world.platform.addApp('shop-pr-7', 1);
  await world.run(9 * MINUTE_MS, () => {
    attack();
    world.report('shop-pr-7', real);
  });
  expect(world.listingOf('shop-pr-7', 'worker.1')).toBe('listed');
});

it('looks through all pages of the apps, over several rounds where the budget is small', async () => {
  const world = new WatchedFleet({ callsPerHour: 60 });
  for (const app of named(4500)) world.platform.addApp(app, 1);
  await world.run(30 * MINUTE_MS, () => world.report('shop-999', world.platform.dynos('shop-999')));
  expect(world.listingOf('shop-999', 'worker.1')).toBe('listed');
  expect(world.platform.count('apps')).toBe(5);
});

it('thousands of new boots of one app cost it few calls, and starve no other app', async () => {
  const world = new WatchedFleet({ callsPerHour: 120 });
  const noisy = world.platform.addApp('shop-noisy', 1);
  const quiet = world.platform.addApp('shop-quiet', 1);
  let made = 0;
  const attack = () => {
    const boots = Array.from({ length: 20 }, () => ({ name: `worker.${made % 500}`, id: `invented-${made++}` }));
    world.report('shop-noisy', [...noisy, ...boots]);
  };
  await world.run(HOUR_MS, () => {
    attack();
    world.report('shop-quiet', quiet);
  });
  expect(world.platform.count('list shop-noisy')).toBeLessThanOrEqual(12);
  expect(world.listingOf('shop-quiet', 'worker.1')).toBe('listed');
  const cycled = world.platform.cycle('shop-quiet', 'worker.1');
  await world.run(2 * MINUTE_MS, () => {
    attack();
    world.report('shop-quiet', [cycled]);
  });
  expect(world.listingOf('shop-quiet', 'worker.1')).toBe('listed');
});

it('dynos of twenty apps that never stop crashing use no more than the budget, and starve no other app', async () => {
  const world = new WatchedFleet({ callsPerHour: 300 });
  const noisy = named(20, 'shop-noisy');
  for (const app of noisy) world.platform.addApp(app, 2);
  world.platform.addApp('shop-quiet', 1);
  const attack = () => {
    for (const app of noisy) world.report(app, [world.platform.cycle(app, 'worker.1')]);
  };
  await world.run(HOUR_MS, attack);
  expect(world.platform.count()).toBeLessThanOrEqual(300);
  const waits: number[] = [];
  for (let boot = 0; boot < 10; boot++) {
    const [fresh] = [world.platform.cycle('shop-quiet', 'worker.1')];
    let waited = 0;
    do {
      waited += 1;
      await world.run(10_000, () => {
        attack();
        world.report('shop-quiet', [fresh]);
      });
    } while (world.listingOf('shop-quiet', 'worker.1') !== 'listed' && waited < 60);
    waits.push(waited * 10_000);
    await world.run(5 * MINUTE_MS, attack);
  }
  expect(Math.max(...waits)).toBeLessThanOrEqual(MINUTE_MS);
});

it('sees a deploy by its new boots, within a minute', async () => {
  const world = new WatchedFleet();
  world.platform.addApp('shop', 10);
  await world.run(HOUR_MS, () => world.report('shop', world.platform.dynos('shop')));
  const released = world.platform.dynos('shop').map(({ name }) => world.platform.cycle('shop', name));
  world.platform.set(
    'shop',
    released.map((dyno) => ({ ...dyno, releaseVersion: 2 })),
  );
  await world.run(MINUTE_MS, () => world.report('shop', released));
  expect(world.view.newestRelease({ app: 'shop', processType: 'worker' })).toBe(2);
  expect(released.every(({ name }) => world.listingOf('shop', name) === 'listed')).toBe(true);
});

it.each<[string, Partial<Decision>, number]>([
  ['is over its soft limit', { wanted: null, usageBytes: 450 }, 6],
  ['waits for a restart, which an old reading may forbid', { wanted: 'max-rss', usageBytes: 300 }, 6],
  ['is well', { wanted: null, usageBytes: 300 }, 0],
])('reads an app more often while one of its dynos %s', async (_, decision, reads) => {
  const world = new WatchedFleet();
  const dynos = world.platform.addApp('shop', 1);
  const report = () => world.report('shop', dynos);
  await world.run(MINUTE_MS, report);
  const entry = world.entryOf('shop', 'worker.1');
  if (entry === null) throw new Error('no boot');
  entry.decision = { action: 'none', softLimitBytes: 410, ...decision } as Decision;
  const before = world.platform.count('list');
  await world.run(HOUR_MS, report);
  expect(world.platform.count('list') - before).toBe(reads);
});

it('leaves calls to the other tools of the account, the more the fewer are left', async () => {
  const hours: number[] = [];
  for (const left of [4000, 400, 50]) {
    const world = new WatchedFleet();
    const apps = named(500);
    for (const app of apps) world.platform.addApp(app, 1);
    world.platform.left = left;
    await world.run(HOUR_MS, steady(world, apps), 30_000);
    hours.push(world.platform.count());
  }
  expect(hours[0]).toBeGreaterThanOrEqual(500);
  expect(hours[1]).toBeLessThanOrEqual(151);
  expect(hours[2]).toBeLessThanOrEqual(26);
});

it('asks once a minute while the account has no calls, and goes on when it has', async () => {
  const world = new WatchedFleet();
  const apps = named(50);
  for (const app of apps) world.platform.addApp(app, 1);
  world.platform.fault = new PlatformError('rate-limited', 'no calls', { status: 429, errorId: 'rate_limit' });
  const report = steady(world, apps);
  await world.run(HOUR_MS, report, 30_000);
  expect(world.platform.count()).toBeLessThanOrEqual(61);
  world.platform.fault = null;
  await world.run(15 * MINUTE_MS, report, 30_000);
  expect(apps.every((app) => world.listingOf(app, 'worker.1') === 'listed')).toBe(true);
});
