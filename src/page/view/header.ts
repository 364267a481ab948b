import type { PageState } from '../live/state.ts';
import { isAllPaused, type Pill, pillsOf } from '../model/headline.ts';
import { element, keyedList, region, type Shown, setAttribute, setShape, setText, shape } from './dom.ts';

export interface HeaderActions {
  readonly pauseAll: () => void;
  readonly resumeAll: () => void;
}

/** The actuator's facts, the counts of the sections, when it was last heard, and the button that stops everything. */
export function createHeader({ pauseAll, resumeAll }: HeaderActions): (state: PageState, nowMs: number) => void {
  const showPills = keyedList<Pill>(region('pills'), ({ name }) => name, createPill);
  const button = element('button', { class: 'button', text: 'Pause all', attributes: { type: 'button' } });
  let isPaused = false;
  button.addEventListener('click', () => (isPaused ? resumeAll() : pauseAll()));
  const readOnly = element('span', { class: 'read-only', text: 'read-only' });
  region('top-actions').append(readOnly, button);
  publishHeight();
  return (state) => {
    const { status } = state;
    document.body.dataset.connection = state.connection;
    showPills(status === null ? [] : pillsOf(status));
    isPaused = status !== null && isAllPaused(status);
    setText(button, isPaused ? 'Resume all' : 'Pause all');
    button.hidden = status === null || status.read_only || status.targets.length === 0;
    readOnly.hidden = status?.read_only !== true;
    setText(region('nav-dynos'), state.hasDynos ? String(state.dynos.size) : '');
    setText(region('nav-jobs'), count(state.jobs?.reduce((sum, { jobs }) => sum + jobs.length, 0)));
    setText(region('nav-restarts'), count(state.attempts?.length));
    setText(region('updated'), updatedWords(state));
  };
}

/** The axis of the dynos sticks below the header, whose height follows its words. */
function publishHeight(): void {
  const top = document.querySelector<HTMLElement>('.top');
  if (top === null) return;
  new ResizeObserver(() => {
    document.documentElement.style.setProperty('--top-height', `${top.offsetHeight}px`);
  }).observe(top);
}

function count(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function createPill(pill: Pill): Shown<Pill> {
  const icon = pill.shape === null ? null : shape(pill.shape);
  const value = element('b');
  const node = element('li', { class: `pill ${pill.onPhone}` }, icon, element('span', { text: pill.name }), value);
  return {
    node,
    update: ({ value: text, tone, shape: name }) => {
      setText(value, text);
      setAttribute(node, 'data-tone', tone);
      if (icon !== null && name !== null) setShape(icon, name);
    },
  };
}

/** Read out when it changes, so it holds no age that counts up: the notice has that. */
function updatedWords({ connection, heardAtMs }: PageState): string {
  if (connection === 'refused') return 'Token not accepted';
  if (connection === 'lost') return 'No connection';
  if (heardAtMs === null) return 'Loading …';
  return connection === 'live' ? 'Live' : 'Updated every 5 s';
}
