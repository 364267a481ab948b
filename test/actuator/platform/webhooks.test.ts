import { expect, it } from 'vitest';
import type { DynoNews, PlatformDyno } from '../../../src/ports.ts';
import { WatchedFleet } from '../../models/watched-fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const newsOf = (action: DynoNews['action'], dyno: PlatformDyno, atMs: number): DynoNews => {
  return { app: 'shop', action, atMs, dyno };
};

/** A world with one app, whose platform restarts a dyno every hour and reports it, or does not. */
function world() {
  const fleet = new WatchedFleet();
  fleet.platform.addApp('shop', 10);
  let isSubscribed = true;
  const report = () => fleet.report('shop', fleet.platform.dynos('shop'));
  const cycle = (name: string) => {
    const old = fleet.platform.dynos('shop').find((dyno) => dyno.name === name);
    const fresh = fleet.platform.cycle('shop', name);
    if (!isSubscribed || old === undefined) return;
    fleet.view.hear(newsOf('create', { ...fresh, state: 'starting' }, fleet.clock.now()));
    fleet.view.hear(newsOf('destroy', old, fleet.clock.now()));
    fleet.view.hear(newsOf('update', fresh, fleet.clock.now() + 1));
  };
  const runHours = async (hours: number) => {
    const before = fleet.platform.count('list');
    for (let hour = 0; hour < hours; hour++) {
      cycle(`worker.${(hour % 10) + 1}`);
      await fleet.run(HOUR_MS, report, 30_000);
    }
    return fleet.platform.count('list') - before;
  };
  const unsubscribe = () => {
    isSubscribed = false;
  };
  return { fleet, report, cycle, runHours, unsubscribe };
}

it('a day of daily restarts is known from webhooks, with two reads', async () => {
  const { fleet, runHours } = world();
  await runHours(1);
  expect(await runHours(24)).toBeLessThanOrEqual(2);
  expect(fleet.unlisted()).toBe(0);
});

it('without webhooks each restart costs a read', async () => {
  const { runHours, unsubscribe } = world();
  unsubscribe();
  await runHours(1);
  expect(await runHours(24)).toBeGreaterThanOrEqual(24);
});

it('once webhooks stop, the first dyno that none reported shows it, and dynos are read again', async () => {
  const { fleet, runHours, unsubscribe } = world();
  await runHours(3);
  unsubscribe();
  expect(await runHours(10)).toBeGreaterThanOrEqual(10);
  expect(fleet.unlisted()).toBe(0);
  const says = fleet.lines.map(({ fields }) => String(fields.error));
  expect(says).toEqual([expect.stringMatching(/shop has dynos that no webhook has reported.*heroku webhooks -a shop/)]);
});

it('a webhook that says too little makes the app be read', async () => {
  const { fleet, report } = world();
  await fleet.run(5 * MINUTE_MS, report);
  const before = fleet.platform.count('list');
  const [dyno] = fleet.platform.dynos('shop');
  if (dyno === undefined) throw new Error('shop has no dyno');
  const news = newsOf('update', { ...dyno, id: 'unknown' }, fleet.clock.now());
  expect(fleet.view.hear({ ...news, dyno: { ...news.dyno, createdAtMs: null } })).toBe('outdated');
  await fleet.run(MINUTE_MS, report);
  expect(fleet.platform.count('list') - before).toBe(1);
});

it('a webhook of an app without boots that report changes nothing and costs nothing', async () => {
  const { fleet, report } = world();
  await fleet.run(MINUTE_MS, report);
  const before = fleet.platform.count();
  const [dyno] = fleet.platform.dynos('shop');
  if (dyno === undefined) throw new Error('shop has no dyno');
  for (let index = 0; index < 5000; index++) {
    const news = newsOf('create', { ...dyno, id: `id-${index}` }, fleet.clock.now());
    expect(fleet.view.hear({ ...news, app: `shop-${index}` })).toBe('not-watched');
  }
  await fleet.run(10 * MINUTE_MS, report);
  expect(fleet.platform.count()).toBe(before);
});
