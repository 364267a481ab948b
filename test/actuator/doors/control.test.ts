import { describe, expect, it, vi } from 'vitest';
import { createSteering, createViews } from '../../../src/actuator/doors/control.ts';
import { healthOf } from '../../../src/actuator/doors/health.ts';
import { restartForPerson, type TargetsOfOthers } from '../../../src/actuator/restart/person-restart.ts';
import { LedgerUnavailable, PlatformError } from '../../../src/model/errors.ts';
import type { ActuatorEvent } from '../../../src/ports.ts';
import type { DynoPlace } from '../../../src/web/show/dyno-order.ts';
import { LoopWorld, type LoopWorldOptions, SHOP } from '../../models/loop-world.ts';
import { unreadable } from '../../models/model-platform.ts';

const NOBODY = { holderOf: () => null, decisionOf: () => null };
const ask = (world: LoopWorld, app = 'shop', dyno = 'worker.1', others: TargetsOfOthers = NOBODY) =>
  restartForPerson({ ...world, others }, app, dyno);

describe("a person's restart", () => {
  it('is claimed for the boot that the platform lists, whether or not it reports, and advanced at once', async () => {
    const world = new LoopWorld();
    expect(await ask(world)).toEqual({ ok: true, attemptId: 'attempt-1', dryRun: false, heldBy: null });
    const bootId = world.platform.dyno('worker.1').id;
    expect(await world.ledger.open()).toMatchObject([{ dyno: 'worker.1', bootId, by: 'person', reason: 'requested' }]);
    expect(world.advances).toBe(1);
    // On Kafka nobody else would move it where the dyno reports to none.
    expect(world.adopted).toEqual(['attempt-1']);
  });

  it('is left to the actuator that follows the target, with what that one has decided last', async () => {
    const world = new LoopWorld();
    world.report('worker.1', { windows: 12, usageMb: () => 200 });
    await world.settle();
    const decision = world.registry.newestOf('shop', 'worker.1')?.decision ?? null;
    const asked = new LoopWorld();
    const others = { holderOf: () => 'tidemark.2', decisionOf: () => decision };
    const answer = await ask(asked, 'shop', 'worker.1', others);
    expect(answer).toEqual({ ok: true, attemptId: 'attempt-1', dryRun: false, heldBy: 'tidemark.2' });
    expect(asked.adopted).toEqual([]);
    expect(await asked.ledger.open()).toMatchObject([{ dyno: 'worker.1', usageBytes: decision?.usageBytes }]);
    expect(decision?.usageBytes).toBeGreaterThan(0);
  });

  it.each<[string, LoopWorldOptions, object]>([
    ['is dry where its target is', { permissions: { dryRun: [SHOP] } }, { ok: true, dryRun: true }],
    ['is refused without Redis', { hasLedger: false }, { ok: false, why: 'ledger-unavailable' }],
    ['is refused without a token', { hasPlatform: false }, { ok: false, why: 'platform-unavailable' }],
    ['is refused off the allow-list', { permissions: { allowed: [] } }, { ok: false, why: 'not-allowed' }],
    [
      'is refused where another process type of the app is allowed',
      { permissions: { allowed: [{ app: 'shop', processType: 'mailer' }] } },
      { ok: false, why: 'not-allowed' },
    ],
  ])('%s', async (_, options, answer) => {
    expect(await ask(new LoopWorld(options))).toMatchObject(answer);
  });

  it('is refused for a dyno that the platform does not list, and while target or platform say no', async () => {
    const world = new LoopWorld();
    expect(await ask(world, 'shop', 'worker.9')).toEqual({ ok: false, why: 'unknown-dyno' });
    await world.ledger.pause(SHOP);
    expect(await ask(world)).toEqual({ ok: false, why: 'paused' });
    world.platform.listFault = unreadable();
    expect(await ask(world)).toEqual({ ok: false, why: 'platform-unavailable' });
    world.platform.listFault = null;
    world.ledger.claim = async () => Promise.reject(new LedgerUnavailable('no answer'));
    expect(await ask(world)).toEqual({ ok: false, why: 'ledger-unavailable' });
  });
});

describe('what is shown', () => {
  it('is the newest boot of each dyno, by name as a person counts', async () => {
    const world = new LoopWorld();
    world.platform.add('worker.10');
    for (const dyno of ['worker.10', 'worker.2', 'worker.1']) world.report(dyno, { windows: 3 });
    world.platform.cycle('worker.2');
    world.report('worker.2', { windows: 3 });
    const views = createViews(world);
    expect([...views.dynosInParts()].flat()).toEqual([]);
    await world.tick();
    expect([...views.dynosInParts()].flat().map(({ decision }) => decision.dyno)).toEqual([
      'worker.1',
      'worker.2',
      'worker.10',
    ]);
    expect([...views.dynosInParts()].flat()[1]?.decision.bootId).toBe(world.platform.dyno('worker.2').id);
    expect(views.dyno('shop', 'worker.1')?.curve.timesMs.length).toBeGreaterThan(0);
    expect(views.dyno('shop', 'worker.9')).toBeNull();
  });

  it('comes in pages, each made of the dynos that it shows alone', async () => {
    const world = new LoopWorld();
    const dynos = ['worker.1', 'worker.2', 'worker.3', 'worker.10', 'worker.11'];
    for (const dyno of dynos.slice(2)) world.platform.add(dyno);
    for (const app of ['shop', 'mail']) for (const dyno of dynos) world.report(dyno, { app, windows: 2 });
    await world.tick();
    const views = createViews(world);
    const looks = vi.spyOn(world.chronicle.log, 'of');
    const names: string[] = [];
    let place: DynoPlace | null = null;
    for (let isEnd = false; !isEnd; ) {
      looks.mockClear();
      const page = views.dynosAfter(place, 3);
      expect(page.total).toBe(10);
      expect(looks.mock.calls.length).toBeLessThanOrEqual(4);
      const places: DynoPlace[] = page.shown.map(({ decision: { app, dyno } }) => [app, dyno]);
      names.push(...places.map(([app, dyno]) => `${app} ${dyno}`));
      place = places.at(-1) ?? null;
      ({ isEnd } = page);
    }
    expect(names).toEqual(['mail', 'shop'].flatMap((app) => dynos.map((dyno) => `${app} ${dyno}`)));
    expect(views.dynosAfter(['shop', 'worker.11'], 3)).toEqual({ shown: [], total: 10, isEnd: true });
  });

  it('has the open attempts as the ledger has them, and none of them if it cannot be read', async () => {
    const world = new LoopWorld();
    await ask(world);
    const views = createViews(world);
    expect(await views.attempts(10)).toMatchObject([{ attempt: { id: 'attempt-1', phase: 'claimed' } }]);
    world.isRedisThere = false;
    expect(await views.attempts(10)).toHaveLength(1);
  });
});

describe("a person's pause", () => {
  const steeringOf = (world: LoopWorld, events: ActuatorEvent[] = []) => {
    const publish = async (event: ActuatorEvent) => void events.push(event);
    return createSteering({ ...world, publish, restart: () => ask(world) });
  };

  it('reaches the ledger, and is shown at once, with its author, who stands in log and journal, too', async () => {
    const world = new LoopWorld();
    const events: ActuatorEvent[] = [];
    const steering = steeringOf(world, events);
    await steering.pause(SHOP, 'ana@laptop');
    const says = expect.stringMatching(/^paused by ana@laptop since /);
    expect(world.standings.all()).toMatchObject([
      { obstacles: [{ code: 'paused', says }], pause: { pauser: 'ana@laptop' } },
    ]);
    await steering.resume(SHOP);
    expect(world.standings.all()).toMatchObject([{ obstacles: [] }]);
    expect(world.lines.map(({ message }) => message)).toEqual(['paused by a person', 'resumed by a person']);
    expect(world.lines[0]?.fields).toMatchObject({ by: 'ana@laptop' });
    expect(events).toMatchObject([
      { type: 'steering', what: 'pause', target: 'shop:worker', by: 'ana@laptop' },
      { type: 'steering', what: 'resume', target: 'shop:worker', by: null },
    ]);
  });

  it('is refused without Redis, which would forget it', async () => {
    const world = new LoopWorld({ hasLedger: false });
    await expect(steeringOf(world).pause(null)).rejects.toThrow(LedgerUnavailable);
  });
});

describe('health', () => {
  const health = (world: LoopWorld, isRestored = true, isInGroup: boolean | null = null) => {
    const partitions = isInGroup === null ? null : { isInGroup: () => isInGroup };
    return healthOf({ ...world, platform: world.view, partitions, isRestored: () => isRestored });
  };
  const restarts = async (world: LoopWorld) => {
    await world.standings.refresh();
    return health(world).restarts;
  };

  it('is ready when the state is read back and this one leads', () => {
    const world = new LoopWorld();
    expect(health(world)).toMatchObject({ ready: true, leading: true, ledger: 'available' });
    expect(health(world, false).ready).toBe(false);
    world.isLeader = false;
    expect(health(world)).toMatchObject({ ready: false, leading: false });
  });

  it("is ready once Kafka's consumer group knows it: before that no measurement arrives", () => {
    const world = new LoopWorld();
    expect(health(world, true, true).ready).toBe(true);
    const outside = health(world, true, false);
    expect(outside).toMatchObject({ ready: false, leading: true });
    expect(outside.restarts).toBe("off: not in Kafka's consumer group (the log says why)");
  });

  it('says what keeps every target from being restarted', async () => {
    expect(await restarts(new LoopWorld({ hasLedger: false }))).toBe('off: no Redis is configured');
    expect(await restarts(new LoopWorld({ hasPlatform: false }))).toBe('off: no HEROKU_API_TOKEN');
    const world = new LoopWorld();
    expect(await restarts(world)).toBe('off: just started, watching for one window first');
    world.clock.pass(1_000);
    expect(await restarts(world)).toBe('on');
    world.stateObstacle = { code: 'replica', detail: 'READONLY of 10.0.0.1' };
    expect(await restarts(world)).toBe('off: Redis is a replica');
    expect(health(world).ledger).toBe('unavailable');
    expect(world.standings.all()).toMatchObject([
      { obstacles: [{ says: 'Redis is a replica: nothing is restarted' }] },
    ]);
    world.stateObstacle = null;
    expect(await restarts(world)).toBe('on');
    world.isRedisThere = false;
    expect(await restarts(world)).toBe('off: Redis is away');
  });

  it.each([
    ['unauthorized', 401, 'off: Heroku refuses the token'],
    ['rate-limited', 429, "off: the account's Heroku API calls are used up"],
  ] as const)('reports when the platform answers %s', async (kind, status, said) => {
    const world = new LoopWorld();
    world.view?.block(new PlatformError(kind, 'no', { status }));
    expect(await restarts(world)).toBe(said);
  });
});
