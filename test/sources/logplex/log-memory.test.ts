import { describe, expect, it } from 'vitest';
import { FairMap } from '../../../src/sources/logplex/fair-map.ts';
import { LogMemory } from '../../../src/sources/logplex/log-memory.ts';
import { SeenFrames } from '../../../src/sources/logplex/seen-frames.ts';
import { BOOT_ID, T0 } from './drain-requests.ts';

const FLOOD = 20_000;
const SHOP = { app: 'shop', owner: 'token a' };
const reviewApp = (index: number) => ({ app: `other-pr-${index}`, owner: 'token b' });

describe('a token that names ever new apps', () => {
  it('makes no other forget the release of its app, the start of its dyno, or the boot', () => {
    const memory = new LogMemory();
    const flood = (round: number) => {
      for (let index = 0; index < FLOOD; index++) {
        const other = reviewApp(index + round * FLOOD);
        memory.noteRelease(other, 'v1');
        memory.noteStart(other, 'web.1', T0);
        memory.measurerOf(other, { dyno: 'web.1', bootId: BOOT_ID }, T0);
      }
    };
    memory.noteRelease(SHOP, 'v77');
    memory.noteStart(SHOP, 'worker.1', T0);
    flood(0);
    const first = memory.measurerOf(SHOP, { dyno: 'worker.1', bootId: BOOT_ID }, T0 + 1_000);
    expect(first.process?.boot).toMatchObject({ release: 'v77', startTimeMs: T0 });
    flood(1);
    expect(memory.measurerOf(SHOP, { dyno: 'worker.1', bootId: BOOT_ID }, T0 + 1_000)).toBe(first);
  });

  it('makes no other forget the frames that were taken', () => {
    const seen = new SeenFrames();
    seen.add('shop 1', 'token a');
    for (let frame = 0; frame < FLOOD; frame++) seen.add(`other ${frame}`, 'token b');
    expect(seen.has('shop 1')).toBe(true);
    expect(seen.has(`other ${FLOOD - 1}`)).toBe(true);
    expect(seen.has('other 0')).toBe(false);
  });
});

describe('a map that owners share', () => {
  it('forgets what was set first where each owner has one', () => {
    const map = new FairMap<number>(3);
    for (let owner = 0; owner < 4; owner++) map.set(`key ${owner}`, owner, `owner ${owner}`);
    expect([0, 1, 2, 3].map((owner) => map.get(`key ${owner}`))).toEqual([undefined, 1, 2, 3]);
  });

  it('keeps what is set again as the newest, also of another owner', () => {
    const map = new FairMap<number>(2);
    map.set('a', 1, 'one');
    map.set('b', 2, 'one');
    map.set('a', 3, 'two');
    map.set('c', 4, 'one');
    expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([3, undefined, 4]);
  });
});
