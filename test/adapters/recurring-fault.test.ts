import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecurringFault } from '../../src/adapters/recurring-fault.ts';

const MINUTE = 60_000;
const AWAY = { message: 'it is away' };
const BACK = { message: 'it is back' };

let said: string[];
let fault: RecurringFault;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  fault = new RecurringFault({ say: (level, message) => said.push(`${level} ${message}`) });
});

afterEach(() => {
  fault.close();
  vi.useRealTimers();
});

/** It comes and goes, a second each, for a time. */
function flap(forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += 2_000) {
    fault.happened(AWAY);
    vi.advanceTimersByTime(1_000);
    fault.over(BACK);
    vi.advanceTimersByTime(1_000);
  }
}

const taken = () => said.splice(0);

describe('a fault that comes and goes', () => {
  it('is said at once, and so is its end', () => {
    fault.happened(AWAY);
    expect(taken()).toEqual(['warn it is away']);
    fault.over(BACK);
    expect(taken()).toEqual(['info it is back']);
  });

  it('is then said once a minute, with the count and how things stand', () => {
    flap(MINUTE);
    expect(taken()).toEqual([
      'warn it is away',
      'info it is back',
      'warn it is away (29 more times within 60 s; it is over now)',
    ]);
    flap(10 * MINUTE);
    expect(taken()).toEqual(Array(10).fill('warn it is away (30 more times within 60 s; it is over now)'));
  });

  it('is said at once again after a minute in which it did not happen', () => {
    flap(MINUTE);
    vi.advanceTimersByTime(MINUTE);
    taken();
    flap(2_000);
    expect(taken()).toEqual(['warn it is away', 'info it is back']);
  });

  it('is told to be over where the count said that it lasts', () => {
    flap(4_000);
    fault.happened(AWAY);
    vi.advanceTimersByTime(MINUTE);
    expect(taken().at(-1)).toBe('warn it is away (2 more times within 60 s; it lasts)');
    fault.over(BACK);
    fault.over(BACK);
    expect(taken()).toEqual(['info it is back']);
  });

  it('says a few different causes at once, and no more of them than that', () => {
    for (let number = 0; number < 50; number += 1) fault.happened({ message: `cause ${number}` });
    expect(taken()).toEqual(['warn cause 0', 'warn cause 1', 'warn cause 2']);
    vi.advanceTimersByTime(MINUTE);
    expect(taken()).toEqual(['warn cause 49 (47 more times within 60 s)']);
  });

  it('is one cause where its lines are of one kind', () => {
    for (let number = 0; number < 50; number += 1) fault.happened({ message: `cut off: ${number}`, kind: 'cut off' });
    expect(taken()).toEqual(['warn cut off: 0']);
  });

  it('loses no count at the end', () => {
    flap(10_000);
    taken();
    fault.close();
    expect(taken()).toEqual(['warn it is away (4 more times within 60 s; it is over now)']);
    vi.advanceTimersByTime(MINUTE);
    expect(taken()).toEqual([]);
  });

  it('keeps the fields of a line', () => {
    const say = vi.fn();
    const one = new RecurringFault({ say });
    one.happened({ message: 'x', fields: { target: 'a' } });
    one.happened({ message: 'x', fields: { target: 'b' } });
    one.close();
    expect(say.mock.calls.map(([, , fields]) => fields)).toEqual([{ target: 'a' }, { target: 'b' }]);
  });
});
