import { describe, expect, it } from 'vitest';
import { type RefusalKind, Refusals } from '../../../src/actuator/report/refusals.ts';

const MINUTE = 60_000;

function world() {
  const clock = { nowMs: 1_000_000 };
  const lines: { readonly says: string; readonly fields: Record<string, unknown> }[] = [];
  const refusals = new Refusals({
    clock: { now: () => clock.nowMs },
    log: { warn: (says, fields = {}) => lines.push({ says, fields: { ...fields } }) },
    isOurs: (app) => app.startsWith('shop'),
  });
  const note = (app: string | null, kind: RefusalKind, count = 1, offsetMs: number | null = null) =>
    refusals.note({ app, kind, count, offsetMs });
  return { clock, lines, refusals, note };
}

describe('what the actuator refuses', () => {
  it('is logged at once for each app and kind, then with a count each ten minutes', () => {
    const { clock, lines, note } = world();
    for (let second = 0; second <= 20 * 60; second += 10) {
      note('shop', 'too-old', 3, -5 * MINUTE);
      if (second === 0) note('shop', 'wrong-app');
      clock.nowMs += 10_000;
    }
    expect(lines.map(({ fields }) => [fields.kind, fields.count])).toEqual([
      ['too-old', 3],
      ['wrong-app', 1],
      ['too-old', 180],
      ['too-old', 180],
    ]);
    expect(lines[0]?.says).toBe('measurements of shop refused: they are 5 min old when they arrive');
  });

  it('is counted by app and kind, with what to do', () => {
    const { refusals, note, clock } = world();
    note('shop', 'no-dyno', 2);
    clock.nowMs += MINUTE;
    note('shop-pr-7', 'future', 1, 5 * MINUTE);
    note('shop', 'no-dyno', 3);
    note('shop', 'invalid', 0);
    expect(refusals.list()).toEqual([
      expect.objectContaining({ app: 'shop', kind: 'no-dyno', count: 5, firstMs: 1_000_000, lastMs: 1_060_000 }),
      expect.objectContaining({ app: 'shop-pr-7', kind: 'future', count: 1, says: expect.stringContaining('5 min') }),
    ]);
    expect(refusals.list().every(({ advice }) => advice !== '')).toBe(true);
  });

  it('keeps room for the apps of the allow-list, whatever names a sender invents', () => {
    const { refusals, note, lines } = world();
    for (let index = 0; index < 10_000; index += 1) note(`invented-${index}`, 'wrong-app');
    note('shop', 'too-old', 1, -MINUTE);
    expect(refusals.list().length).toBeLessThan(30);
    expect(lines.length).toBeLessThan(30);
    expect(refusals.list()).toContainEqual(expect.objectContaining({ app: 'shop', count: 1 }));
    expect(refusals.list()).toContainEqual(expect.objectContaining({ app: null, count: 9980 }));
  });

  it.each(['', 'x'.repeat(100_000), 'Shop', 'a\u001b[2Jb', '<script>'])(
    'never repeats what is no name of an app',
    (name) => {
      const { refusals, note, lines } = world();
      note(name, 'wrong-app');
      expect(refusals.list()).toEqual([expect.objectContaining({ app: null })]);
      expect(JSON.stringify(lines).length).toBeLessThan(500);
    },
  );
});
