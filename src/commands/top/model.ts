import { type DynoView, type LiveDyno, viewOf } from '../../page/model/dynos/dyno-view.ts';
import { matches, SORTS, type SortName } from '../../page/model/dynos/order.ts';
import type { Attempt } from '../../web/schema/attempt.ts';
import type { Dyno, DynoDetail } from '../../web/schema/dyno.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import type { Status } from '../../web/schema/status.ts';

/** What the actuator answered at one moment. */
export interface Answers {
  readonly status: Status;
  readonly dynos: readonly Dyno[];
  readonly targets: readonly TargetJobs[];
  readonly attempts: readonly Attempt[];
}

/** A change that waits for a person's yes. */
export type Change =
  | { readonly what: 'restart'; readonly app: string; readonly dyno: string; readonly says: string }
  | { readonly what: 'pause' | 'resume'; readonly says: string };

/** All that the screen shows. Immutable; made by `press` from keys, and by the functions below from answers. */
export interface Model {
  /** What is asked, for people. */
  readonly origin: string;
  /** Null before the first answer. */
  readonly answers: Answers | null;
  /** When they arrived (Unix ms); null before. */
  readonly heardAtMs: number | null;
  /** Why the newest question was not answered; null: it was. */
  readonly fault: string | null;
  readonly views: readonly DynoView[];
  /** Those that the filter matches, sorted. */
  readonly shown: readonly DynoView[];
  readonly sort: SortName;
  readonly filter: string;
  readonly isTypingFilter: boolean;
  /** The key of the selected dyno: rows change places, the selection stays. Null: the first row. */
  readonly selected: string | null;
  readonly pane: 'jobs' | 'restarts';
  readonly screen: 'list' | 'dyno' | 'help';
  /** The opened dyno; null until it is answered. */
  readonly detail: DynoDetail | null;
  /** Lines of the opened dyno, or of the help, that are scrolled away. */
  readonly scroll: number;
  readonly asked: Change | null;
  /** How the last change went, or why it cannot be made. */
  readonly notice: string | null;
}

export function emptyModel(origin: string): Model {
  return {
    origin,
    answers: null,
    heardAtMs: null,
    fault: null,
    views: [],
    shown: [],
    sort: 'trouble',
    filter: '',
    isTypingFilter: false,
    selected: null,
    pane: 'jobs',
    screen: 'list',
    detail: null,
    scroll: 0,
    asked: null,
    notice: null,
  };
}

export function withAnswers(model: Model, answers: Answers, nowMs: number): Model {
  const views = answers.dynos.map((dyno) => viewOf(liveDyno(dyno), nowMs));
  return ordered({ ...model, answers, heardAtMs: nowMs, fault: null, views });
}

function liveDyno(dyno: Dyno): LiveDyno {
  return { ...dyno, curve: null, marks: [], goneAtMs: null };
}

/** Sorts and filters again: only when answers, order or filter have changed, not for each frame. */
export function ordered(model: Model): Model {
  const { views, filter, sort } = model;
  const matching = filter.trim() === '' ? [...views] : views.filter((view) => matches(view, filter.trim()));
  return { ...model, shown: matching.sort(SORTS[sort].compare) };
}

/** The row of the selection; the first where it is gone. */
export function selectedIndex({ shown, selected }: Model): number {
  return Math.max(
    0,
    shown.findIndex(({ key }) => key === selected),
  );
}

/** Null if there is none; of an opened dyno: where it no longer reports. */
export function selectedView(model: Model): DynoView | null {
  if (model.screen === 'dyno') return model.views.find(({ key }) => key === model.selected) ?? null;
  return model.shown[selectedIndex(model)] ?? null;
}
