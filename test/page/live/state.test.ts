import { describe, expect, it } from 'vitest';
import {
  INITIAL_STATE,
  withAllDynos,
  withAttempt,
  withDynoEvent,
  withoutGone,
  withSomeDynos,
} from '../../../src/page/live/state.ts';
import { makeAttempt } from '../lab/answers.ts';
import { makeDyno, mb, NOW_MS } from '../lab/fleet.ts';

const KEY = 'shop/worker.1';
const known = withAllDynos(INITIAL_STATE, [makeDyno()]);
const identity = { app: 'shop', dyno: 'worker.1', process_type: 'worker', boot_id: makeDyno().boot_id };

describe('an event', () => {
  it('lengthens the curve by its measurement, once however often it comes', () => {
    const before = known.dynos.get(KEY)?.curve?.times_ms.length ?? 0;
    const change = { ...identity, usage_bytes: mb(300), last_point_ms: NOW_MS + 10_000 };
    const once = withDynoEvent(known, [change], [], NOW_MS);
    const twice = withDynoEvent(once, [change], [], NOW_MS);
    expect(once.dynos.get(KEY)?.curve?.times_ms).toHaveLength(before + 1);
    expect(once.dynos.get(KEY)?.curve?.usage_bytes.at(-1)).toBe(mb(300));
    expect(twice.dynos.get(KEY)?.curve).toEqual(once.dynos.get(KEY)?.curve);
  });

  it('keeps what it does not name', () => {
    const next = withDynoEvent(known, [{ ...identity, class: 'leak' }], [], NOW_MS);
    expect(next.dynos.get(KEY)).toMatchObject({ class: 'leak', release: 'v42', marks: [] });
  });

  it('marks a new boot: a restart while one was under way, a deploy with another release, else a boot', () => {
    const { curve: _, marks: __, ...boot } = makeDyno({ boot_id: 'new', started_at_ms: NOW_MS });
    const kindAfter = (state: typeof known, over: object) =>
      withDynoEvent(state, [{ ...boot, ...over }], [], NOW_MS)
        .dynos.get(KEY)
        ?.marks.at(-1)?.kind;
    const open = withAllDynos(INITIAL_STATE, [makeDyno({ attempt_id: 'a1' })]);
    const ended = makeAttempt({ boot_id: makeDyno().boot_id, outcome: 'restarted' });
    const states = [open, withAttempt(known, ended)] as const;
    expect(states.map((state) => kindAfter(state, {}))).toEqual(['restart', 'restart']);
    expect([kindAfter(known, { release: 'v43' }), kindAfter(known, {})]).toEqual(['deploy', 'boot']);
  });

  it('of a part of a dyno that is not known changes nothing', () => {
    const part = { ...identity, usage_bytes: mb(300), last_point_ms: NOW_MS };
    expect(withDynoEvent(INITIAL_STATE, [part], [], NOW_MS).dynos.size).toBe(0);
  });

  it('lets a gone dyno stay for a while', () => {
    const gone = withDynoEvent(known, [], [{ app: 'shop', dyno: 'worker.1' }], NOW_MS);
    expect(gone.dynos.get(KEY)?.goneAtMs).toBe(NOW_MS);
    expect(withoutGone(gone, NOW_MS - 1).dynos.size).toBe(1);
    expect(withoutGone(gone, NOW_MS).dynos.size).toBe(0);
  });
});

describe('a list', () => {
  it('without curves keeps those that are known', () => {
    const next = withAllDynos(known, [makeDyno({ curve: null, last_point_ms: NOW_MS })]);
    expect(next.dynos.get(KEY)?.curve).toEqual(known.dynos.get(KEY)?.curve);
  });

  it('page by page loses nothing, and in full drops what it lacks', () => {
    const other = makeDyno({ dyno: 'worker.2' });
    expect(withSomeDynos(known, [other]).dynos.size).toBe(2);
    expect([...withAllDynos(known, [other]).dynos.keys()]).toEqual(['shop/worker.2']);
  });
});

it('keeps attempts newest first, each once, and bounded', () => {
  let state = INITIAL_STATE;
  for (let index = 0; index < 300; index += 1)
    state = withAttempt(state, makeAttempt({ id: `a${index}`, claimed_at_ms: index }));
  state = withAttempt(state, makeAttempt({ id: 'a299', claimed_at_ms: 299, phase: 'draining' }));
  expect(state.attempts).toHaveLength(200);
  expect(state.attempts?.[0]).toMatchObject({ id: 'a299', phase: 'draining' });
});
