import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttributionLedger, type JobTicket } from '../../src/instrument/attribution.ts';

type Step =
  | { readonly do: 'begin'; readonly rss: number }
  | { readonly do: 'end'; readonly which: number; readonly rss: number }
  | { readonly do: 'observe'; readonly rss: number }
  | { readonly do: 'take-idle' };

const rss = fc.integer({ min: 0, max: 2 ** 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('begin' as const), rss }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(), rss }),
  fc.record({ do: fc.constant('observe' as const), rss }),
  fc.record({ do: fc.constant('take-idle' as const) }),
);

/** Plays the steps, then ends every job that still runs. */
function play(firstRss: number, steps: readonly Step[]) {
  const ledger = new AttributionLedger(firstRss);
  const running: JobTicket[] = [];
  const shares: number[] = [];
  let idle = 0;
  let last = firstRss;
  const endOne = (index: number) => {
    const [ticket] = running.splice(index, 1);
    if (ticket !== undefined) shares.push(ledger.end(ticket, last).netBytes);
  };
  for (const one of steps) {
    if (one.do === 'take-idle') idle += ledger.takeIdleBytes();
    else last = one.rss;
    if (one.do === 'begin') running.push(ledger.begin(one.rss));
    if (one.do === 'observe') ledger.observe(one.rss);
    if (one.do === 'end' && running.length > 0) endOne(one.which % running.length);
    else if (one.do === 'end') ledger.observe(one.rss);
  }
  while (running.length > 0) endOne(0);
  return { last, shares, idle: idle + ledger.takeIdleBytes() };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

describe('attribution of RSS change', () => {
  it('conserves: shares and idle sum up to the last reading less the first, for any interleaving', () => {
    fc.assert(
      fc.property(rss, fc.array(step, { maxLength: 200 }), (firstRss, steps) => {
        const { last, shares, idle } = play(firstRss, steps);
        expect(total(shares) + idle).toBe(last - firstRss);
      }),
    );
  });

  it('deals in whole bytes', () => {
    fc.assert(
      fc.property(rss, fc.array(step, { maxLength: 100 }), (firstRss, steps) => {
        expect(play(firstRss, steps).shares.every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it('parts a change evenly, to the byte, among the jobs that ran while it came', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (count, change) => {
        const ledger = new AttributionLedger(0);
        const tickets = Array.from({ length: count }, () => ledger.begin(0));
        ledger.observe(change);
        const shares = tickets.map((ticket) => ledger.end(ticket, change).netBytes);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives a lone job all of the change over its life', () => {
    const ledger = new AttributionLedger(100);
    const ticket = ledger.begin(150);
    ledger.observe(400);
    expect(ledger.end(ticket, 350)).toEqual({ netBytes: 200, exclusive: true });
    expect(ledger.takeIdleBytes()).toBe(50);
  });

  it('blames a job only for the time in which it ran', () => {
    const ledger = new AttributionLedger(0);
    const first = ledger.begin(0);
    const second = ledger.begin(1000);
    expect(ledger.end(second, 1010).netBytes).toBe(5);
    expect(ledger.end(first, 1110).netBytes).toBe(1105);
  });

  it('calls a job exclusive only where no other ran at any time of its life', () => {
    const ledger = new AttributionLedger(0);
    const long = ledger.begin(0);
    const inside = ledger.begin(0);
    expect(ledger.end(inside, 0).exclusive).toBe(false);
    expect(ledger.end(long, 0).exclusive).toBe(false);
    expect(ledger.end(ledger.begin(0), 0).exclusive).toBe(true);
  });

  it('counts what is given back against the jobs that run then', () => {
    const ledger = new AttributionLedger(500);
    const ticket = ledger.begin(500);
    expect(ledger.end(ticket, 200).netBytes).toBe(-300);
  });

  it('hands out idle change once', () => {
    const ledger = new AttributionLedger(0);
    ledger.observe(7);
    expect([ledger.takeIdleBytes(), ledger.takeIdleBytes()]).toEqual([7, 0]);
  });

  it('adds nothing to a job that has ended already', () => {
    const ledger = new AttributionLedger(0);
    const ticket = ledger.begin(0);
    ledger.end(ticket, 10);
    expect(ledger.end(ticket, 90).netBytes).toBe(10);
    expect(ledger.takeIdleBytes()).toBe(80);
  });
});
