import type { Attempt } from '../../web/schema/attempt.ts';
import type { DynoDetail } from '../../web/schema/dyno.ts';
import { api } from '../live/api.ts';
import type { PageState } from '../live/state.ts';
import { heldWords } from '../model/actuators.ts';
import { type LiveDyno, nextWords, viewOf } from '../model/dynos/dyno-view.ts';
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

const REFRESH_MS = 15_000;

/** One dyno in full: curve of its life, jobs below it, why it is or is not restarted, its past. */
export class DynoDialog {
  readonly #parts = createParts();
  readonly #curves = createLifeCurves();
  readonly #course = createCourse();
  readonly #events: DynoDialogEvents;
  readonly #nowMs: () => number;
  #key: string | null = null;
  #dyno: LiveDyno | null = null;
  #detail: DynoDetail | null = null;
  #past: ReturnType<typeof createPastBoots> | null = null;
  #refresh: ReturnType<typeof setInterval> | null = null;

  constructor(events: DynoDialogEvents, nowMs: () => number) {
    this.#events = events;
    this.#nowMs = nowMs;
    const { dialog, curve, course, close, restart } = this.#parts;
    curve.append(this.#curves.node);
    course.append(this.#course.node);
    dialog.addEventListener('close', () => this.#onClose());
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
    restart.addEventListener('click', () => {
      if (this.#dyno !== null) this.#events.onRestart(this.#dyno, this.#detail?.drain.grace_ms ?? null);
    });
  }

  open(key: string, dyno: LiveDyno): void {
    const { dialog, loading, details } = this.#parts;
    this.#key = key;
    this.#dyno = dyno;
    this.#detail = null;
    loading.hidden = false;
    details.replaceChildren();
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    void this.#read();
    if (this.#refresh !== null) clearInterval(this.#refresh);
    this.#refresh = setInterval(() => void this.#read(), REFRESH_MS);
  }

  close(): void {
    this.#parts.dialog.close();
  }

  show(state: PageState, nowMs: number): void {
    const known = this.#key === null ? undefined : state.dynos.get(this.#key);
    if (known === undefined) return;
    this.#dyno = known;
    showHead(this.#parts, known, nowMs, state.status?.read_only !== false);
    const isOfIt = (attempt: Attempt) => attempt.dyno === known.dyno && attempt.app === known.app;
    const open = state.attempts?.find((attempt) => attempt.phase !== 'closed' && isOfIt(attempt));
    this.#parts.course.hidden = open === undefined;
    if (open !== undefined) this.#course.update(open);
  }

  async #read(): Promise<void> {
    const asked = this.#key;
    const dyno = this.#dyno;
    if (dyno === null || dyno.app === null) return;
    const answer = await api.dyno(dyno.app, dyno.dyno).catch(() => null);
    const { dialog, loading, problem, details } = this.#parts;
    if (asked !== this.#key || !dialog.open) return;
    loading.hidden = true;
    setText(problem, answer === null ? 'Its measurements could not be read.' : '');
    if (answer === null) return;
    this.#detail = answer;
    this.#curves.show(answer);
    this.#past?.destroy();
    this.#past = createPastBoots(answer, this.#nowMs());
    const columns = [createChecks(answer, this.#nowMs()), createSuspectList(answer), createNumbers(answer)];
    details.replaceChildren(...columns, this.#past.node);
  }

  #onClose(): void {
    if (this.#refresh !== null) clearInterval(this.#refresh);
    this.#curves.close();
    this.#past?.destroy();
    this.#past = null;
    const closed = this.#key;
    this.#key = null;
    if (closed !== null) this.#events.onClosed(closed);
  }
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
  setText(parts.explanation, [heldWords(dyno, nowMs), sentence(dyno.explanation)].join(' ').trimStart());
  parts.restart.hidden = isReadOnly || dyno.app === null;
  const { shareWords, usageWords, headroomWords, limitWords, jobsWords } = view;
  const numbers = [shareWords, usageWords, headroomWords, limitWords, jobsWords].filter((words) => words !== '');
  const text = numbers.join('\n');
  if (parts.numbers.dataset.text === text) return;
  parts.numbers.dataset.text = text;
  parts.numbers.replaceChildren(...numbers.map((words) => element('li', { text: words })));
}
