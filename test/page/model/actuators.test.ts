import { expect, it } from 'vitest';
import { heldWords, holdings } from '../../../src/page/model/actuators.ts';
import { bannersOf } from '../../../src/page/model/banners.ts';
import { pillsOf } from '../../../src/page/model/headline.ts';
import { makeStatus, someActuators } from '../lab/answers.ts';
import { NOW_MS } from '../lab/fleet.ts';

const GROUP = makeStatus([], { actuators: someActuators() });
const shownOf = (status: typeof GROUP) => bannersOf({ status, connection: 'live', heardAtMs: NOW_MS, nowMs: NOW_MS });

it('of a group: how many are heard, who holds what, and who is missed', () => {
  const shown = { name: 'actuators', value: '2 of 3', tone: 'watch', shape: null, onPhone: 'whole' };
  expect(pillsOf(GROUP)).toContainEqual(shown);
  expect(holdings(GROUP, NOW_MS)).toEqual([
    'tidemark.1 (this one): partitions 0 to 3 and 9, with 200 dynos',
    'tidemark.2: partitions 4 to 5, with 80 dynos',
    'tidemark.3: partitions 6 to 8, with 120 dynos, last heard 3 min ago',
  ]);
  expect(shownOf(GROUP).map(({ title }) => title)).toEqual(['tidemark.3 is silent', '2 of 3 actuators']);
});

it('of many scattered partitions: how many, and the first of them', () => {
  const [one] = someActuators();
  if (one === undefined) throw new Error('no actuators');
  const partitions = Array.from({ length: 300 }, (_, at) => 2 * at);
  expect(holdings({ actuators: [{ ...one, partitions }] }, NOW_MS)).toEqual([
    'tidemark.1 (this one): 300 partitions: 0, 2, 4, 6, 8, 10 and others, with 200 dynos',
  ]);
});

it('of one actuator alone: nothing', () => {
  const alone = makeStatus([], { actuators: someActuators().slice(0, 1) });
  expect(pillsOf(alone)).toEqual(pillsOf(makeStatus([])));
  expect(shownOf(alone)).toEqual([]);
});

it('without Kafka: the targets that report to it, or that it stands by', () => {
  const [one, two] = someActuators();
  if (one === undefined || two === undefined) throw new Error('no actuators');
  const targets = ['a:worker', 'b:worker', 'c:worker'];
  const leader = { ...one, partitions: null, targets, dynos: 1 };
  const standby = { ...two, leads: false, partitions: null, targets: [], dynos: 0 };
  expect(holdings({ actuators: [leader, standby] }, NOW_MS)).toEqual([
    'tidemark.1 (this one): a:worker, b:worker and 1 more target, with 1 dyno',
    'tidemark.2: stands by',
  ]);
});

it('of a dyno that another one holds: by whom, and how old its numbers are', () => {
  expect(heldWords({ held_by: 'tidemark.2', last_point_ms: NOW_MS - 40_000 }, NOW_MS)).toBe(
    'Held by tidemark.2, saved 40 s ago.',
  );
  expect(heldWords({ held_by: null, last_point_ms: NOW_MS }, NOW_MS)).toBeNull();
});
