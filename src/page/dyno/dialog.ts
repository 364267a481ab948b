import type { DynoDetail } from '../../web/schema/dyno.ts';
import { api } from '../live/api.ts';
import type { PageState } from '../live/state.ts';
import { type LiveDyno, nextWords, viewOf } from '../model/dyno-view.ts';
import { sentence } from '../model/words/sentence.ts';
import { createCourse } from '../restarts/live.ts';
import { element, setAttribute, setShape, setText, shape } from '../view/dom.ts';
import { createLifeCurves } from './big-curve.ts';
import { createChecks, createNumbers, createPastBoots, createSuspectList } from './parts.ts';

export interface DynoDialogEvents {
  onRestart(dyno: LiveDyno, graceMs: number | null): void;
  /** The dialog was closed; the key of its dyno. */
  onClosed(key: string): void;
}

export interface DynoDialog {
  open(key: string, dyno: LiveDyno): void;
  close(): void;
  show(state: PageState, nowMs: number): void;
}

const REFRESH_MS = 15_000;

/** One dyno in full: curve of its life, jobs below it, why it is or is not restarted, its past. */
export function createDynoDialog(events: DynoDialogEvents, nowMs: () => number): DynoDialog {
  const parts = createParts();
  const { dialog } = parts;
  const curves = createLifeCurves();
  const course = createCourse();
  parts.curve.append(curves.node);
  parts.course.append(course.node);
  let key: string | null = null;
  let dyno: LiveDyno | null = null;
  let detail: DynoDetail | null = null;
  let past: ReturnType<typeof createPastBoots> | null = null;
  let refresh: ReturnType<typeof setInterval> | null = null;
  const read = async () => {
    const asked = key;
    if (dyno === null || dyno.app === null) return;
    const answer = await api.dyno(dyno.app, dyno.dyno).catch(() => null);
    if (asked !== key || !dialog.open) return;
    parts.loading.hidden = true;
    if (answer === null) return setText(parts.problem, 'Its measurements could not be read.');
    setText(parts.problem, '');
    detail = answer;
    curves.show(answer);
    past?.destroy();
    past = createPastBoots(answer, nowMs());
    const columns = [createChecks(answer, nowMs()), createSuspectList(answer), createNumbers(answer)];
    parts.details.replaceChildren(...columns, past.node);
  };
  dialog.addEventListener('close', () => {
    if (refresh !== null) clearInterval(refresh);
    curves.close();
    past?.destroy();
    past = null;
    const closed = key;
    key = null;
    if (closed !== null) events.onClosed(closed);
  });
  parts.close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  parts.restart.addEventListener('click', () => {
    if (dyno !== null) events.onRestart(dyno, detail?.drain.grace_ms ?? null);
  });
  return {
    open: (nextKey, next) => {
      key = nextKey;
      dyno = next;
      detail = null;
      parts.loading.hidden = false;
      parts.details.replaceChildren();
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
      void read();
      if (refresh !== null) clearInterval(refresh);
      refresh = setInterval(() => void read(), REFRESH_MS);
    },
    close: () => dialog.close(),
    show: (state, now) => {
      const known = key === null ? undefined : state.dynos.get(key);
      if (known === undefined) return;
      dyno = known;
      showHead(parts, known, now, state.status?.read_only !== false);
      const open = state.attempts?.find(
        (one) => one.phase !== 'closed' && one.dyno === known.dyno && one.app === known.app,
      );
      parts.course.hidden = open === undefined;
      if (open !== undefined) course.update(open);
    },
  };
}

type DialogParts = ReturnType<typeof createParts>;

function createParts() {
  const title = element('h2', { id: 'dyno-title' });
  const app = element('span', { class: 'meta' });
  const icon = shape('circle');
  const word = element('span');
  const badge = element('span', { class: 'badge' }, icon, word);
  const close = element('button', { class: 'button', text: 'Close', attributes: { type: 'button' } });
  const restart = element('button', { class: 'button danger', text: 'Restart …', attributes: { type: 'button' } });
  const numbers = element('ul', { class: 'dyno-numbers' });
  const next = element('p', { class: 'next' });
  const explanation = element('p', { class: 'explanation' });
  const course = element('div', { class: 'live' });
  const curve = element('div', { class: 'dyno-curve' });
  const loading = element('p', { class: 'nothing', text: 'Loading …' });
  const problem = element('p', { class: 'problem', attributes: { role: 'status' } });
  const details = element('div', { class: 'dyno-details' });
  const actions = element('div', { class: 'top-actions' }, restart, close);
  const head = element('header', { class: 'dyno-head' }, title, app, badge, actions);
  const body = element(
    'div',
    { class: 'dyno-body' },
    numbers,
    next,
    explanation,
    course,
    curve,
    loading,
    problem,
    details,
  );
  const dialog = element('dialog', { class: 'dyno', attributes: { 'aria-labelledby': 'dyno-title' } }, head, body);
  document.body.append(dialog);
  return {
    dialog,
    title,
    app,
    icon,
    word,
    close,
    restart,
    numbers,
    next,
    explanation,
    course,
    curve,
    loading,
    problem,
    details,
  };
}

function showHead(parts: DialogParts, dyno: LiveDyno, nowMs: number, isReadOnly: boolean): void {
  const view = viewOf(dyno, nowMs);
  setAttribute(parts.dialog, 'data-tone', view.tone);
  setText(parts.title, dyno.dyno);
  setText(
    parts.app,
    `${dyno.app ?? 'unknown app'}${dyno.release === null ? '' : `, ${dyno.release}`}, ${view.ageWords}`,
  );
  setText(parts.word, view.word);
  setShape(parts.icon, view.shape);
  setText(parts.next, nextWords(dyno, nowMs));
  setText(parts.explanation, sentence(dyno.explanation));
  parts.restart.hidden = isReadOnly || dyno.app === null;
  const { shareWords, usageWords, headroomWords, limitWords, jobsWords } = view;
  const numbers = [shareWords, usageWords, headroomWords, limitWords, jobsWords].filter((words) => words !== '');
  const text = numbers.join('\n');
  if (parts.numbers.dataset.text === text) return;
  parts.numbers.dataset.text = text;
  parts.numbers.replaceChildren(...numbers.map((words) => element('li', { text: words })));
}
