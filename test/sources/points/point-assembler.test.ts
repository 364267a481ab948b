import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/model/point.ts';
import { MEMORY_LIMITS } from '../../../src/sources/limits.ts';
import { FIELDS } from '../../../src/sources/otlp/wanted-metrics.ts';
import { PointAssembler, type PointAssemblerOptions } from '../../../src/sources/points/point-assembler.ts';
import { PointRow } from '../../../src/sources/points/point-row.ts';
import { BYTES_PER_PROCESS } from '../../../src/sources/points/process-memories.ts';
import { T0, WHOLE_POINT } from '../otlp/senders/requests.ts';

const MINUTE_MS = 60_000;
const RSS = FIELDS.indexOf('rssBytes');
const SHOP = { owner: 'shop' };
const FLOOD = { owner: 'flood' };
const at = (place: string, stretch = 'the stream') => ({ stretch, at: place });
const JOBS = FIELDS.indexOf('activeJobs');

function assembler(options: Partial<PointAssemblerOptions> = {}) {
  const accepted: Point[] = [];
  const one = new PointAssembler({
    maxPointAgeMs: MINUTE_MS,
    holdMs: 0,
    accept: (points) => accepted.push(...points),
    ...options,
  });
  return { one, accepted };
}

function row(timeMs: number, processId = 'process-1', series: readonly number[] = [], app = 'shop'): PointRow {
  const boot = { ...WHOLE_POINT.boot, app };
  const key = `${app}|${processId}`;
  const made = new PointRow({ ...WHOLE_POINT, boot, processId, key, processStartMs: null }, timeMs);
  made.set(RSS, 7);
  for (const id of series) made.addSeries(JOBS, id, 1);
  return made;
}

describe('what is remembered of processes', () => {
  it('is forgotten once all that they could repeat is too old', () => {
    const { one } = assembler();
    one.take(row(T0), T0, SHOP);
    one.settle(T0);
    one.settle(T0 + 10 * MINUTE_MS);
    expect(one.size).toBe(1);
    one.settle(T0 + 12 * MINUTE_MS);
    expect(one.size).toBe(0);
  });

  it('is forgotten after the clock was set back too', () => {
    const { one } = assembler();
    one.settle(T0);
    one.take(row(T0 - 120 * MINUTE_MS), T0 - 60 * MINUTE_MS, SHOP);
    one.settle(T0 - 60 * MINUTE_MS);
    expect(one.size).toBe(1);
    one.settle(T0 - 58 * MINUTE_MS);
    expect(one.size).toBe(0);
  });

  it('is bounded, and the first to be forgotten are those that were silent for longest', () => {
    const { one } = assembler({ limits: { ...MEMORY_LIMITS, maxProcessBytes: 3 * BYTES_PER_PROCESS } });
    one.take(row(T0, 'steady'), T0, SHOP);
    for (let index = 0; index < 100; index++) {
      one.take(row(T0 + index, `flood-${index}`), T0, SHOP);
      one.take(row(T0 + 1 + index, 'steady'), T0, SHOP);
      one.settle(T0);
    }
    expect(one.size).toBe(3);
    expect(one.take(row(T0 + 100, 'steady'), T0, SHOP)).toEqual({ accepted: 0, repeated: 1 });
  });

  it('is not forgotten for the processes that another app invents', () => {
    const { one } = assembler({ limits: { ...MEMORY_LIMITS, maxProcessBytes: 10 * (BYTES_PER_PROCESS + 80) } });
    one.take(row(T0, 'quiet', [1, 2, 3]), T0, SHOP);
    one.settle(T0);
    for (let index = 0; index < 100; index++) {
      one.take(row(T0 + index, `flood-${index}`, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], `flood-${index}`), T0, FLOOD);
      one.settle(T0);
    }
    expect(one.size).toBe(10);
    expect(one.take(row(T0, 'quiet', [3, 4]), T0, SHOP)).toEqual({ accepted: 1, repeated: 2 });
  });

  it('is all of the room for one owner while nobody else needs it, and then shared', () => {
    const { one } = assembler({ limits: { ...MEMORY_LIMITS, maxProcessBytes: 6 * BYTES_PER_PROCESS } });
    const report = (from: string, index: number, owner: object) =>
      one.take(row(T0, `${from}-${index}`), T0, { owner: 'shop', ...owner }).accepted;
    for (let index = 0; index < 6; index++) report('shop', index, SHOP);
    one.settle(T0);
    expect(report('shop', 0, SHOP)).toBe(0);
    for (let index = 0; index < 3; index++) report('late', index, FLOOD);
    one.settle(T0);
    expect([0, 1, 2].map((index) => report('late', index, FLOOD))).toEqual([0, 0, 0]);
    expect(report('shop', 0, SHOP)).toBe(0);
    expect(one.size).toBe(6);
  });

  it('counts its series: a process with many is forgotten, and what comes late of it is taken for new', () => {
    const { one, accepted } = assembler({ limits: { ...MEMORY_LIMITS, maxProcessBytes: 2 * BYTES_PER_PROCESS + 800 } });
    const series = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
    one.take(row(T0, 'first', series(0, 60)), T0, SHOP);
    one.settle(T0);
    one.take(row(T0, 'second', series(0, 45)), T0, SHOP);
    one.settle(T0);
    expect(one.size).toBe(1);
    expect(one.take(row(T0, 'second', series(45, 10)), T0, SHOP)).toEqual({ accepted: 10, repeated: 1 });
    expect(accepted.at(-1)).toMatchObject({ processId: 'second', activeJobs: 55 });
  });
});

describe('what waits', () => {
  it('is handed on at once where too much does', () => {
    const { one, accepted } = assembler({ holdMs: 1_000, limits: { ...MEMORY_LIMITS, maxWaitingBytes: 2_000 } });
    for (let index = 0; index < 4; index++) one.take(row(T0 + index), T0, SHOP);
    expect(accepted).toHaveLength(4);
  });

  it('is handed on in the order of time, with what came later and is older', () => {
    const { one, accepted } = assembler({ holdMs: 1_000 });
    one.take(row(T0 + 20, 'a'), T0, SHOP);
    one.take(row(T0 + 10, 'b'), T0 + 600, SHOP);
    one.take(row(T0 + 30, 'c'), T0 + 700, SHOP);
    one.settle(T0 + 999);
    expect(accepted).toEqual([]);
    one.settle(T0 + 1_000);
    expect(accepted.map(({ processId }) => processId)).toEqual(['b', 'a']);
    one.settle(T0 + 1_700);
    expect(accepted.map(({ processId }) => processId)).toEqual(['b', 'a', 'c']);
  });

  it('is handed on a thousand at a time, the first of it first', () => {
    const inTurn: number[] = [];
    const { one, accepted } = assembler({ limits: { ...MEMORY_LIMITS, maxWaitingBytes: Number.MAX_SAFE_INTEGER } });
    for (let boot = 0; boot < 2_500; boot++) one.take(row(T0 + boot, 'process-1', [], `app-${boot}`), T0, SHOP);
    for (let isMoreDue = true; isMoreDue; ) {
      const before = accepted.length;
      isMoreDue = one.settle(T0 + 1_000);
      inTurn.push(accepted.length - before);
    }
    expect(inTurn).toEqual([1_000, 1_000, 500]);
    expect(accepted.map(({ timeMs }) => timeMs - T0)).toEqual(Array.from({ length: 2_500 }, (_, boot) => boot));
  });

  it('says from where its source must be read again if it is lost', () => {
    const { one } = assembler({ holdMs: 1_000 });
    expect(one.heldPosition(at('7-0'))).toBe('7-0');
    one.take(row(T0, 'a'), T0, { ...SHOP, position: at('7-0') });
    one.take(row(T0, 'b'), T0 + 500, { ...SHOP, position: at('8-0') });
    expect(one.heldPosition(at('9-0'))).toBe('7-0');
    expect(one.heldPosition(at('1-0', 'another stretch'))).toBe('1-0');
    one.settle(T0 + 1_000);
    expect(one.heldPosition(at('9-0'))).toBe('9-0');
  });
});
