import { expect, it } from 'vitest';
import type { BootEntry } from '../../../src/actuator/boot-entry.ts';
import { createViews, dynoParts } from '../../../src/actuator/doors/control.ts';
import { OwnRecord } from '../../../src/actuator/group/own-record.ts';
import { BOOTS_A_TURN, stepByStep } from '../../../src/actuator/loop/turns.ts';
import { overview } from '../../../src/actuator/views/overview.ts';
import { LoopWorld } from '../../models/loop-world.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

/** One app has more dynos than a turn takes. */
const DYNOS: Readonly<Record<string, number>> = { shop: 2.5 * BOOTS_A_TURN, mail: 300, news: 300 };

/** Boots that were decided about, and how many of them were looked at in each turn of the event loop. */
async function fleet() {
  const world = new LoopWorld();
  for (const [app, dynos] of Object.entries(DYNOS)) {
    for (let index = 0; index < dynos; index++) {
      const boot = { ...WHOLE_POINT.boot, app, dyno: `worker.${index}`, bootId: `${app}-${index}` };
      world.registry.accept([{ ...WHOLE_POINT, boot, processId: boot.bootId, timeMs: world.clock.now() }]);
    }
  }
  await world.tick();
  const looked = new Set<string>();
  for (const entry of world.registry.entries()) watch(entry, looked);
  const inTurn: number[] = [];
  const count = async (work: () => Promise<unknown>) => {
    let isOver = false;
    const nextTurn = () => {
      inTurn.push(looked.size);
      looked.clear();
      if (!isOver) setImmediate(nextTurn);
    };
    setImmediate(nextTurn);
    await work();
    isOver = true;
    inTurn.push(looked.size);
    return inTurn;
  };
  return { world, count };
}

function watch(entry: BootEntry, looked: Set<string>): void {
  const { decision, boot, key } = entry;
  for (const [name, value] of Object.entries({ decision, boot })) {
    Object.defineProperty(entry, name, {
      get: () => {
        looked.add(key);
        return value;
      },
    });
  }
}

const all = Object.values(DYNOS).reduce((sum, dynos) => sum + dynos, 0);

it('adds up all dynos in turns, those of a large app too', async () => {
  const { world, count } = await fleet();
  const { policy, permissions, standings, mode, view: platform, chronicle } = world;
  const { overLimit, meter } = chronicle;
  const settings = { policy, permissions, sources: [], ingestTokens: [] };
  const parts = { settings, dynos: dynoParts(world), standings, overLimit, meter, mode, platform };
  let dynos = 0;
  const inTurn = await count(async () => {
    dynos = (await overview({ ...parts, startedAtMs: 0, isCounted: () => true })).totals.dynos;
  });
  expect(dynos).toBe(all);
  expect(Math.max(...inTurn)).toBeLessThanOrEqual(BOOTS_A_TURN);
});

it('hands all dynos on in parts that are made when they are asked for', async () => {
  const { world, count } = await fleet();
  let dynos = 0;
  const inTurn = await count(async () => {
    for (const part of createViews(world).dynosInParts()) {
      dynos += part.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  expect(dynos).toBe(all);
  expect(Math.max(...inTurn)).toBeLessThanOrEqual(BOOTS_A_TURN);
});

it('counts for its record in turns what it holds', async () => {
  const { world, count } = await fleet();
  const { registry, clock } = world;
  const leadership = { leads: () => true };
  const parts = { registry, fleet: world.fleet, leadership, partitions: null, state: null, clock };
  const record = new OwnRecord({ id: '1', name: 'tidemark.1', ...parts, allowed: [] });
  const inTurn = await count(() => record.save());
  expect(record.now()).toMatchObject({ targets: ['shop:worker'], dynos: all });
  expect(Math.max(...inTurn)).toBeLessThanOrEqual(BOOTS_A_TURN);
});

it('lets others run after each thousand steps', async () => {
  const inTurn: number[] = [];
  let steps = 0;
  const nextTurn = () => {
    inTurn.push(steps);
    steps = 0;
    if (inTurn.length < 5) setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  const done = await stepByStep(
    (function* () {
      for (let step = 0; step < 2.5 * BOOTS_A_TURN; step++) {
        steps += 1;
        yield;
      }
      return 'done';
    })(),
  );
  expect(done).toBe('done');
  expect(inTurn.concat(steps).filter((count) => count > 0)).toEqual([BOOTS_A_TURN, BOOTS_A_TURN, BOOTS_A_TURN / 2]);
});
