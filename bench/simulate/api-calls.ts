import type { AttemptMoverParts } from '../../src/actuator/restart/attempt/attempt-mover.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { PlatformDyno } from '../../src/ports.ts';
import { RunnerWorld } from '../../test/actuator/restart/attempt/runner-world.ts';
import { WatchedFleet } from '../../test/models/watched-fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How often a service with the default window ticks, and so looks after its restarts. */
const TICK_MS = 10_000;
const MAX_TICKS = 60;

export interface FleetShape {
  readonly apps: number;
  readonly dynosOfApp: number;
  /** Heroku reports each dyno's life by webhooks. */
  readonly hasWebhooks: boolean;
  /** Fraction of the apps that always have a dyno over its soft limit. */
  readonly nearFraction: number;
}

export interface Watching {
  /** Calls that the platform was asked, the first hour left out. */
  readonly callsPerHour: number;
  /** How long a dyno that is new waits on average until it was compared with the platform's list. */
  readonly waitMinutes: number;
}

/** The real reads of a fleet whose dynos Heroku replaces once a day each, over simulated hours. */
export async function watch(shape: FleetShape, budget: number, hours: number): Promise<Watching> {
  const world = new WatchedFleet({ callsPerHour: budget });
  const apps = Array.from({ length: shape.apps }, (_, index) => `shop-${index}`);
  for (const app of apps) {
    world.platform.addApp(app, shape.dynosOfApp);
  }
  const everyMinute = dailyLives(world, apps, shape);
  await world.run(HOUR_MS, everyMinute, MINUTE_MS);
  const before = world.platform.count();
  let waiting = 0;
  const minutes = hours * 60;
  for (let minute = 0; minute < minutes; minute++) {
    await world.run(MINUTE_MS, everyMinute, MINUTE_MS);
    waiting += world.unlisted();
  }
  const arrivalsPerMinute = (shape.apps * shape.dynosOfApp) / (24 * 60);
  // Little's law: mean wait = mean number waiting / arrivals.
  const waitMinutes = waiting / minutes / arrivalsPerMinute;
  return { callsPerHour: (world.platform.count() - before) / hours, waitMinutes };
}

function dailyLives(world: WatchedFleet, apps: readonly string[], shape: FleetShape): () => void {
  const near = apps.slice(0, Math.round(shape.nearFraction * apps.length));
  const hear = (app: string, action: 'create' | 'destroy', dyno: PlatformDyno) => {
    if (shape.hasWebhooks) world.view.hear({ app, action, atMs: world.clock.now(), dyno });
  };
  let [due, cycled, hasBegun] = [0, 0, false];
  return () => {
    due += (apps.length * shape.dynosOfApp) / (24 * 60);
    for (; due >= 1; due -= 1) {
      const app = apps[cycled % apps.length] ?? '';
      const dynos = world.platform.dynos(app);
      const old = dynos[Math.floor(cycled / apps.length) % dynos.length];
      cycled += 1;
      if (old === undefined) continue;
      hear(app, 'create', world.platform.cycle(app, old.name));
      hear(app, 'destroy', old);
    }
    for (const app of apps) world.report(app, world.platform.dynos(app));
    for (const app of near) {
      const entry = world.entryOf(app, 'worker.1');
      if (entry !== null) entry.decision = { action: 'none', usageBytes: 450, softLimitBytes: 410 } as Decision;
    }
    // Webhooks have arrived before: every app had a dyno replaced within the last day.
    if (hasBegun) return;
    hasBegun = true;
    for (const app of apps) for (const dyno of world.platform.dynos(app).slice(0, 1)) hear(app, 'create', dyno);
  };
}

/** The calls that one restart makes, from its claim to its close: lists of the app's dynos, and the DELETE. */
export async function callsOfRestart(): Promise<number> {
  const world = new RunnerWorld();
  let calls = 0;
  const counted: AttemptMoverParts['platform'] = {
    list: async () => {
      calls += 1;
      return world.platform.list();
    },
    restart: async (app, dyno, mayStillSend) => {
      calls += 1;
      return world.platform.restart(app, dyno, mayStillSend);
    },
  };
  const runner = world.runner({ platform: counted });
  await world.claim();
  for (let tick = 0; tick < MAX_TICKS && (await world.outcome()) === null; tick++) {
    await runner.advanceAll();
    world.clock.pass(TICK_MS);
  }
  if ((await world.outcome()) !== 'restarted') throw new Error(`the restart closed as ${await world.outcome()}`);
  return calls;
}
