import { describe, expect, it } from 'vitest';
import { frame, report } from '../../../src/commands/top/frame.ts';
import { press } from '../../../src/commands/top/keys.ts';
import { emptyModel, type Model, withAnswers } from '../../../src/commands/top/model.ts';
import { paint, widthOf } from '../../../src/commands/top/text.ts';
import type { Status } from '../../../src/web/schema/status.ts';
import { makeStatus, someAttempts, someJobs } from '../../page/lab/answers.ts';
import { detailOf, largeFleet, NOW_MS, smallFleet } from '../../page/lab/fleet.ts';

// Clock times are in the reader's zone.
process.env.TZ = 'UTC';

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 120, rows: 40 };
const EMPTY = emptyModel('http://127.0.0.1:8090');

const REDIS = emptyModel('Redis at db.example:6379');

function model(dynos = smallFleet(), over: Partial<Status> = {}): Model {
  const status = makeStatus(dynos, over);
  const isSaved = status.read_from === 'redis';
  const answers = { status, dynos, targets: someJobs(), attempts: someAttempts() };
  return withAnswers(isSaved ? REDIS : EMPTY, answers, NOW_MS);
}

function text(of: Model, size = SMALL): string {
  const lines = frame(of, size, NOW_MS + 2000);
  return `${lines.map((line) => paint(line, false).trimEnd()).join('\n')}\n`;
}

const pressed = (from: Model, ...keys: readonly string[]) => keys.reduce((one, key) => press(one, key).model, from);

const SCREENS: readonly (readonly [name: string, model: Model, size: typeof SMALL])[] = [
  ['80x24', model(), SMALL],
  ['120x40', model(), LARGE],
  ['restarts', pressed(model(), 'j', 'tab'), SMALL],
  ['many-dynos', pressed(model(largeFleet(500)), 'pagedown', 'pagedown'), SMALL],
  ['empty', model([]), SMALL],
  ['read-only', pressed(model(smallFleet(), { read_only: true }), 'R'), SMALL],
  ['asked', pressed(model(), 'R'), SMALL],
  ['unreachable', { ...EMPTY, fault: 'no actuator answers at http://127.0.0.1:8090' }, SMALL],
  ['lost', { ...model(), fault: 'no actuator answers at http://127.0.0.1:8090' }, SMALL],
  ['from-redis', model(smallFleet(), { read_from: 'redis' }), SMALL],
  ['no-actuator', model(smallFleet(), { read_from: 'redis', leading: false, acting: false }), SMALL],
  ['filter', pressed(model(), '/', 'l', 'e', 'a', 'k'), SMALL],
  ['help', pressed(model(), '?'), SMALL],
  ['opened', { ...pressed(model(), 'return'), detail: detailOf(smallFleet()[0] as never) }, LARGE],
];

describe('the screen of tidemark top', () => {
  it.each(SCREENS)('is as its golden frame: %s', async (name, of, size) => {
    await expect(text(of, size)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it.each([SMALL, LARGE, { columns: 40, rows: 10 }, { columns: 10, rows: 3 }, { columns: 80, rows: 1 }])(
    'has exactly the rows of the terminal, none wider: %o',
    (size) => {
      for (const [, of] of SCREENS) {
        const lines = frame(of, size, NOW_MS).map((line) => paint(line, false));
        expect(lines).toHaveLength(size.rows);
        expect(lines.filter((line) => widthOf(line) > size.columns)).toEqual([]);
      }
    },
  );

  it('never passes on what a terminal would obey, in any name that a sender chose', () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\r\n\u202eworker';
    const [first] = smallFleet();
    const dynos = [{ ...(first as NonNullable<typeof first>), app: evil, dyno: evil, explanation: evil }];
    const [target] = someJobs();
    const jobs = (target?.jobs ?? []).map((job) => ({ ...job, name: evil, queue: evil }));
    const attempts = someAttempts().map((attempt) => ({ ...attempt, dyno: evil, says: evil }));
    const status = makeStatus(dynos);
    const targets = [{ ...(target as NonNullable<typeof target>), jobs }];
    const of = withAnswers(EMPTY, { status, dynos, targets, attempts }, NOW_MS);
    const opened: Model = { ...of, screen: 'dyno', detail: { ...detailOf(dynos[0] as never), app: evil } };
    const screens = [of, pressed(of, 'tab'), pressed(of, 'R'), opened].flatMap((one) => frame(one, LARGE, NOW_MS));
    const lines = [...screens, ...report(of, 200, NOW_MS)].map((line) => paint(line, false));
    expect(lines.filter((line) => /[\p{Cc}\u202e]/u.test(line))).toEqual([]);
    expect(lines.join('\n')).toContain('owned');
  });

  it('lays out only the rows that are seen, of 10,000 dynos', () => {
    const of = model(largeFleet(10_000));
    let read = 0;
    const shown = new Proxy(of.shown, {
      get: (rows, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) read += 1;
        return Reflect.get(rows, key);
      },
    });
    frame({ ...of, shown, selected: of.shown[0]?.key ?? null }, SMALL, NOW_MS);
    expect(read).toBeLessThan(100);
  });
});
