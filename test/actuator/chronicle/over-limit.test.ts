import { describe, expect, it } from 'vitest';
import { OverLimit } from '../../../src/actuator/chronicle/over-limit.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;

describe('time over the quota', () => {
  it('is summed by target and hour, for a week and a day', () => {
    const over = new OverLimit();
    over.add('shop:worker', 1000, NOW_MS - 200 * HOUR_MS);
    over.add('shop:worker', 2000, NOW_MS - 30 * HOUR_MS);
    over.add('shop:worker', 4000, NOW_MS);
    over.add('shop:mailer', 8000, NOW_MS);
    expect(over.sumMs('shop:worker', NOW_MS - 24 * HOUR_MS)).toBe(4000);
    expect(over.sumMs('shop:worker', NOW_MS - 168 * HOUR_MS)).toBe(6000);
    expect(over.sumMs(null, 0)).toBe(14_000);
  });

  it('survives a start, and is not counted twice by an actuator that takes over', () => {
    const first = new OverLimit();
    first.add('shop:worker', 5000, NOW_MS);
    const saved = first.merge(null, NOW_MS);
    expect(first.merge(saved, NOW_MS)).toBeNull();
    const next = new OverLimit();
    next.restore(saved, NOW_MS);
    next.restore(saved, NOW_MS);
    next.add('shop:worker', 1000, NOW_MS);
    expect(next.sumMs('shop:worker', 0)).toBe(6000);
  });

  it('of several actuators is kept together, also where one overwrites what another has just saved', () => {
    const [one, two] = [new OverLimit(), new OverLimit()];
    one.add('shop:worker', 5000, NOW_MS);
    two.add('mail:worker', 3000, NOW_MS);
    // Both have read nothing, and the second one saves last.
    one.merge(null, NOW_MS);
    const overwritten = two.merge(null, NOW_MS);
    const saved = one.merge(overwritten, NOW_MS + 60_000);
    expect(two.merge(saved, NOW_MS + 60_000)).toBeNull();
    for (const over of [one, two]) {
      expect(over.sumMs('shop:worker', 0)).toBe(5000);
      expect(over.sumMs('mail:worker', 0)).toBe(3000);
    }
  });

  it('is saved no more once it is older than is kept', () => {
    const over = new OverLimit();
    over.add('shop:worker', 5000, NOW_MS);
    over.add('mail:worker', 5000, NOW_MS + 100 * HOUR_MS);
    expect(over.merge(null, NOW_MS + 200 * HOUR_MS)).not.toContain('shop');
  });

  it.each([
    ['no JSON', 'x'],
    ['nothing', null],
    ['another form', '[1]'],
    ['hours that are none', '{"shop:worker":{"x":1,"-5":1,"999999999":1}}'],
    ['times that are none', `{"shop:worker":{"${Math.floor(NOW_MS / HOUR_MS)}":-5}}`],
  ])('takes nothing from what is damaged: %s', (_, json) => {
    const over = new OverLimit();
    over.restore(json, NOW_MS);
    expect(over.sumMs(null, 0)).toBe(0);
  });

  it('is kept for a bounded number of targets, as senders choose their names', () => {
    const over = new OverLimit();
    for (let app = 0; app < 2000; app += 1) over.add(`app-${app}:worker`, 1, NOW_MS);
    expect(over.sumMs(null, 0)).toBe(500);
  });
});
