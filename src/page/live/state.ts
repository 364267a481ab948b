import type { Attempt } from '../../web/schema/attempt.ts';
import type { Dyno, DynoInList } from '../../web/schema/dyno.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import type { Status } from '../../web/schema/status.ts';
import type { Connection } from '../model/banners.ts';
import { dynoKey, type LiveDyno } from '../model/dynos/dyno-view.ts';

/** All that the page knows. Each change makes a new one. */
export interface PageState {
  readonly connection: Connection;
  /** When the actuator was last heard (Unix ms, this machine's clock). */
  readonly heardAtMs: number | null;
  /** The actuator's clock less this machine's. */
  readonly clockOffsetMs: number;
  readonly status: Status | null;
  /** By app and name. */
  readonly dynos: ReadonlyMap<string, LiveDyno>;
  /** False until the first page of dynos came: no dyno is then not "there is none". */
  readonly hasDynos: boolean;
  /** Null until they came. */
  readonly jobs: readonly TargetJobs[] | null;
  /** Newest first; null until they came. */
  readonly attempts: readonly Attempt[] | null;
}

export const INITIAL_STATE: PageState = {
  connection: 'loading',
  heardAtMs: null,
  clockOffsetMs: 0,
  status: null,
  dynos: new Map(),
  hasDynos: false,
  jobs: null,
  attempts: null,
};

/** A curve that grows by events keeps this many moments; the oldest go. */
const MAX_CURVE_POINTS = 600;
const MAX_ATTEMPTS = 200;

/** Read in full: what the answer has not, is gone. */
export function withAllDynos(state: PageState, dynos: readonly DynoInList[]): PageState {
  const next = new Map<string, LiveDyno>();
  for (const dyno of dynos) next.set(dynoKey(dyno), merged(state.dynos.get(dynoKey(dyno)), dyno));
  return { ...state, dynos: next, hasDynos: true };
}

/** One page of several: nothing goes yet. */
export function withSomeDynos(state: PageState, dynos: readonly DynoInList[]): PageState {
  const next = new Map(state.dynos);
  for (const dyno of dynos) next.set(dynoKey(dyno), merged(state.dynos.get(dynoKey(dyno)), dyno));
  return { ...state, dynos: next, hasDynos: true };
}

type DynoChange = Partial<Dyno> & Pick<Dyno, 'app' | 'dyno' | 'process_type' | 'boot_id'>;

/** @param nowMs the actuator's time */
export function withDynoEvent(
  state: PageState,
  changed: readonly DynoChange[],
  gone: readonly Pick<Dyno, 'app' | 'dyno'>[],
  nowMs: number,
): PageState {
  const next = new Map(state.dynos);
  for (const change of changed) {
    const key = dynoKey(change);
    const known = next.get(key);
    // Before the list has come, changes are of dynos that the stream takes for known: the list brings them whole.
    if (known === undefined && !isWhole(change)) continue;
    const isNewBoot = known !== undefined && known.boot_id !== change.boot_id;
    const marks = isNewBoot
      ? [...known.marks, bootMark(change, { known, attemptId: restartOf(state, known), nowMs })]
      : (known?.marks ?? []);
    const whole = { ...known, ...change, curve: known?.curve ?? null, marks } as DynoInList;
    next.set(key, { ...whole, curve: grown(whole), goneAtMs: null });
  }
  for (const { app, dyno } of gone) {
    const known = next.get(dynoKey({ app, dyno }));
    if (known !== undefined) next.set(dynoKey(known), { ...known, goneAtMs: nowMs });
  }
  return { ...state, dynos: next };
}

/** `first_point_ms` never changes in the life of a boot, so only a whole dyno names it. */
function isWhole(change: DynoChange): boolean {
  return change.first_point_ms !== undefined && change.class !== undefined;
}

/** Gone dynos leave the list after a while. */
export function withoutGone(state: PageState, beforeMs: number): PageState {
  const kept = [...state.dynos].filter(([, { goneAtMs }]) => goneAtMs === null || goneAtMs > beforeMs);
  return kept.length === state.dynos.size ? state : { ...state, dynos: new Map(kept) };
}

export function withAttempt(state: PageState, attempt: Attempt): PageState {
  const others = (state.attempts ?? []).filter(({ id }) => id !== attempt.id);
  const attempts = [attempt, ...others].sort((a, b) => b.claimed_at_ms - a.claimed_at_ms).slice(0, MAX_ATTEMPTS);
  return { ...state, attempts };
}

/** Without a curve in the answer the known one grows by its newest measurement. */
function merged(known: LiveDyno | undefined, dyno: DynoInList): LiveDyno {
  if (dyno.curve !== null || known === undefined) return { ...dyno, goneAtMs: null };
  const whole = { ...dyno, curve: known.curve, marks: known.marks };
  return { ...whole, curve: grown(whole), goneAtMs: null };
}

/** The curve with the newest measurement at its end. */
function grown({ curve, last_point_ms, usage_bytes, floor_bytes }: DynoInList): DynoInList['curve'] {
  const before = curve ?? { times_ms: [], usage_bytes: [], floor_bytes: [] };
  if (last_point_ms <= (before.times_ms.at(-1) ?? 0)) return curve;
  const add = <Value>(values: readonly Value[], value: Value) => [...values, value].slice(-MAX_CURVE_POINTS);
  return {
    times_ms: add(before.times_ms, last_point_ms),
    usage_bytes: add(before.usage_bytes, usage_bytes),
    floor_bytes: add(before.floor_bytes, floor_bytes),
  };
}

/** The restart that ended this boot. It may be closed, and its dyno without it, before the new boot is seen. */
function restartOf({ attempts }: PageState, { attempt_id, boot_id }: LiveDyno): string | null {
  const restart = attempts?.find((attempt) => attempt.boot_id === boot_id && attempt.outcome === 'restarted');
  return restart?.id ?? attempt_id;
}

interface BootMarkInput {
  readonly known: LiveDyno;
  readonly attemptId: string | null;
  readonly nowMs: number;
}

function bootMark(change: DynoChange, { known, attemptId, nowMs }: BootMarkInput): LiveDyno['marks'][number] {
  const isDeploy = change.release !== undefined && change.release !== null && change.release !== known.release;
  const kind = attemptId !== null ? 'restart' : isDeploy ? 'deploy' : 'boot';
  const time_ms = change.started_at_ms ?? change.first_point_ms ?? nowMs;
  return { time_ms, kind, says: `${change.dyno} has a new boot.`, attempt_id: attemptId };
}
