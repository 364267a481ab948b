import { describe, expect, it } from 'vitest';
import { press } from '../../../src/commands/top/keys.ts';
import { emptyModel, type Model, selectedView, withAnswers } from '../../../src/commands/top/model.ts';
import type { Status } from '../../../src/web/schema/status.ts';
import { makeStatus, makeTarget } from '../../page/lab/answers.ts';
import { NOW_MS, smallFleet } from '../../page/lab/fleet.ts';

function model(over: Partial<Status> = {}, dynos = smallFleet()): Model {
  const answers = { status: makeStatus(dynos, over), dynos, targets: [], attempts: [] };
  return withAnswers(emptyModel('http://127.0.0.1:8090'), answers, NOW_MS);
}

function pressed(from: Model, ...keys: readonly string[]) {
  return keys.reduce(({ model: one }, key) => press(one, key), { model: from, effect: null } as ReturnType<
    typeof press
  >);
}

const selected = (of: Model) => selectedView(of)?.dyno.dyno;
const order = model().shown.map(({ dyno }) => dyno.dyno);

describe('a key of tidemark top', () => {
  it.each([
    [['j'], order[1]],
    [['down', 'down', 'k'], order[1]],
    [['up'], order[0]],
    [['G'], order.at(-1)],
    [['end', 'home'], order[0]],
    [['pagedown'], order.at(-1)],
  ])('%j selects %s', (keys, dyno) => {
    expect(selected(pressed(model(), ...keys).model)).toBe(dyno);
  });

  it.each([
    [['q'], { do: 'quit' }],
    [['ctrl-c'], { do: 'quit' }],
    [['/', 'q', 'ctrl-c'], { do: 'quit' }],
    [['return'], { do: 'open', app: 'shop', dyno: order[0] }],
    [['/', 'q'], null],
    [['r'], null],
    [['p'], null],
    [['R'], null],
    [['R', 'n'], null],
    [['R', 'Y'], null],
    [['R', 'y'], { do: 'change', change: { what: 'restart', app: 'shop', dyno: order[0] } }],
    [['return', 'R', 'y'], { do: 'change', change: { what: 'restart', app: 'shop', dyno: order[0] } }],
    [['P'], null],
    [['P', 'escape'], null],
    [['P', 'y'], { do: 'change', change: { what: 'pause' } }],
  ])('%j has the effect %j', (keys, effect) => {
    const found = pressed(model(), ...keys).effect;
    if (effect === null) expect(found).toBeNull();
    else expect(found).toMatchObject(effect);
  });

  it('keeps the selected dyno selected while rows change places, and what is asked about as well', () => {
    const asked = pressed(model(), 'j', 'R').model;
    const name = selected(asked);
    const turned = withAnswers({ ...asked, sort: 'name' }, asked.answers as NonNullable<Model['answers']>, NOW_MS);
    expect(selected(turned)).toBe(name);
    expect(press(turned, 'y').effect).toMatchObject({ change: { dyno: name } });
  });

  it('restarts no other dyno while the opened one no longer reports', () => {
    const opened = pressed(model(), 'return').model;
    const rest = smallFleet().filter(({ dyno }) => dyno !== order[0]);
    const { status, targets, attempts } = opened.answers as NonNullable<Model['answers']>;
    const gone = withAnswers(opened, { status, targets, attempts, dynos: rest }, NOW_MS);
    expect(pressed(gone, 'R').model).toMatchObject({ asked: null, notice: 'There is no dyno to restart.' });
  });

  it('steers nothing with a token that may only read, and says so', () => {
    for (const key of ['R', 'P']) {
      const { model: read } = pressed(model({ read_only: true }), key);
      expect(read.asked).toBeNull();
      expect(read.notice).toContain('may only read');
    }
  });

  it('resumes where all is paused', () => {
    const paused = model({ targets: [makeTarget({ paused_by: 'all' })] });
    expect(pressed(paused, 'P', 'y').effect).toMatchObject({ change: { what: 'resume' } });
  });

  it('filters while it is typed, keeps it with Enter and drops it with Escape', () => {
    const { model: typed } = pressed(model(), '/', 'l', 'e', 'x', 'backspace', 'a', 'k');
    expect(typed.shown.map(({ dyno }) => dyno.class)).toEqual(['leak']);
    expect(pressed(typed, 'return').model).toMatchObject({ isTypingFilter: false, filter: 'leak' });
    expect(pressed(typed, 'escape').model.shown).toHaveLength(order.length);
  });

  it('sorts by each order in turn and comes back to the first', () => {
    const { model: name } = pressed(model(), 's', 's', 's', 's', 's', 's');
    expect(name.shown.map(({ dyno }) => dyno.dyno)).toEqual([...order].sort());
    expect(pressed(name, 's').model.shown.map(({ dyno }) => dyno.dyno)).toEqual(order);
  });
});
