import { planSentences } from '../../page/model/attempt-view.ts';
import { SORTS, type SortName } from '../../page/model/dynos/order.ts';
import { isAllPaused } from '../../page/model/headline.ts';
import { type Change, type Model, ordered, selectedIndex, selectedView } from './model.ts';

/** What the shell is to do; the model alone cannot. */
export type Effect =
  | { readonly do: 'quit' }
  | { readonly do: 'open'; readonly app: string; readonly dyno: string }
  | { readonly do: 'change'; readonly change: Change };

export interface Pressed {
  readonly model: Model;
  readonly effect: Effect | null;
}

const PAGE_ROWS = 10;
const MAX_FILTER = 60;
const SORT_NAMES = Object.keys(SORTS) as SortName[];

/** @param key a printable character, or a name: `up`, `pagedown`, `return`, `escape`, `tab`, `ctrl-c` ... */
export function press(before: Model, key: string): Pressed {
  if (key === 'ctrl-c') return { model: before, effect: { do: 'quit' } };
  const model: Model = { ...before, notice: null };
  if (model.asked !== null) return answered(model, model.asked, key);
  if (model.isTypingFilter) return stay(typed(model, key));
  switch (key) {
    case 'q':
      return { model, effect: { do: 'quit' } };
    case 'R':
      return stay(askRestart(model));
    case 'P':
      return stay(askPause(model));
    case '?':
      return stay({ ...model, screen: model.screen === 'help' ? 'list' : 'help', scroll: 0 });
    default:
      return model.screen === 'list' ? onList(model, key) : stay(onOpened(model, key));
  }
}

function stay(model: Model): Pressed {
  return { model, effect: null };
}

function answered(model: Model, change: Change, key: string): Pressed {
  const closed = { ...model, asked: null };
  return key === 'y'
    ? { model: { ...closed, notice: 'Asking the actuator ...' }, effect: { do: 'change', change } }
    : stay({ ...closed, notice: 'Nothing was done.' });
}

function typed(model: Model, key: string): Model {
  if (key === 'return') return { ...model, isTypingFilter: false };
  if (key === 'escape') return ordered({ ...model, isTypingFilter: false, filter: '' });
  if (key === 'backspace') return ordered({ ...model, filter: [...model.filter].slice(0, -1).join('') });
  const isCharacter = [...key].length === 1 && model.filter.length < MAX_FILTER;
  return isCharacter ? ordered({ ...model, filter: model.filter + key }) : model;
}

const MOVES: Readonly<Record<string, number>> = {
  up: -1,
  k: -1,
  down: 1,
  j: 1,
  pageup: -PAGE_ROWS,
  pagedown: PAGE_ROWS,
  home: Number.NEGATIVE_INFINITY,
  g: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
  G: Number.POSITIVE_INFINITY,
};

function onList(model: Model, key: string): Pressed {
  const move = MOVES[key];
  if (move !== undefined) return stay(moved(model, move));
  if (key === 'return') return open(model);
  if (key === 'tab') return stay({ ...model, pane: model.pane === 'jobs' ? 'restarts' : 'jobs' });
  if (key === '/') return stay({ ...model, isTypingFilter: true });
  if (key === 'escape') return stay(ordered({ ...model, filter: '' }));
  if (key === 's') return stay(ordered({ ...model, sort: nextSort(model.sort) }));
  return stay(model);
}

function moved(model: Model, by: number): Model {
  const index = Math.max(0, Math.min(model.shown.length - 1, selectedIndex(model) + by));
  return { ...model, selected: model.shown[index]?.key ?? null };
}

function nextSort(sort: SortName): SortName {
  return SORT_NAMES[(SORT_NAMES.indexOf(sort) + 1) % SORT_NAMES.length] ?? 'trouble';
}

function open(model: Model): Pressed {
  const view = selectedView(model);
  if (view === null) return stay(model);
  const { app, dyno } = view.dyno;
  if (app === null) return stay({ ...model, notice: `${dyno} does not name its app: it cannot be opened.` });
  const opened: Model = { ...model, screen: 'dyno', selected: view.key, detail: null, scroll: 0 };
  return { model: opened, effect: { do: 'open', app, dyno } };
}

/** The frame does not scroll past the end; the number may, but not without bound. */
const MAX_SCROLL = 60;

function onOpened(model: Model, key: string): Model {
  if (['escape', 'return', 'backspace', 'left', 'h'].includes(key)) return { ...model, screen: 'list', detail: null };
  const scroll = Math.max(0, Math.min(MAX_SCROLL, model.scroll + (MOVES[key] ?? 0)));
  return { ...model, scroll };
}

const READ_ONLY = 'This token may only read: set TIDEMARK_ADMIN_TOKEN to restart or pause.';

const ONLY_REDIS = 'Read from Redis: only the actuator itself can restart, by --url. Shift-P pauses here, too.';

function askRestart(model: Model): Model {
  const view = selectedView(model);
  if (model.answers?.status.read_from === 'redis') return { ...model, notice: ONLY_REDIS };
  if (view === null) return { ...model, notice: 'There is no dyno to restart.' };
  const { app, dyno, dry_run, active_jobs, reclaimable_bytes } = view.dyno;
  if (model.answers?.status.read_only === true) return { ...model, notice: READ_ONLY };
  if (app === null) return { ...model, notice: `${dyno} does not name its app: it cannot be restarted.` };
  const plan = planSentences({
    dyno,
    dryRun: dry_run,
    graceMs: model.detail?.drain.grace_ms ?? null,
    activeJobs: active_jobs,
    reclaimableBytes: reclaimable_bytes,
  });
  // The selection is fixed now: what is asked about stays in view.
  return {
    ...model,
    selected: view.key,
    asked: { what: 'restart', app, dyno, says: `Restart ${app} ${dyno}? ${plan.join(' ')}` },
  };
}

function askPause(model: Model): Model {
  const status = model.answers?.status;
  if (status?.read_only === true) return { ...model, notice: READ_ONLY };
  if (status !== undefined && isAllPaused(status))
    return { ...model, asked: { what: 'resume', says: 'Resume all targets? Tidemark may restart dynos again.' } };
  return {
    ...model,
    asked: { what: 'pause', says: 'Pause all targets? Tidemark goes on watching and restarts nothing.' },
  };
}
