import { heldWords } from '../model/actuators.ts';
import { nearestIndex, type TimeRange } from '../model/axis.ts';
import { type DynoView, type LiveDyno, nextWords, percentWords, shareOf } from '../model/dynos/dyno-view.ts';
import { sentence } from '../model/words/sentence.ts';
import { usageWords } from '../model/words/sizes.ts';
import { clockWords } from '../model/words/times.ts';
import { element, setAttribute, setShape, setText, shape } from '../view/dom.ts';
import { type CurveEvents, createCurve } from './curve.ts';

export interface RowEvents extends CurveEvents {
  onOpen(dyno: LiveDyno): void;
}

/** What a row shows next to its dyno. */
interface RowFrame {
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly width: number;
  readonly height: number;
  /** The moment under the pointer; null: now. */
  readonly hoverMs: number | null;
}

export interface Row {
  readonly node: HTMLElement;
  /** What Tab and the arrow keys reach. */
  readonly button: HTMLButtonElement;
  update(view: DynoView, frame: RowFrame): void;
  hover(timeMs: number | null): void;
}

/** A row that can show one dyno after another: scrolling through hundreds makes no new elements. */
export function createRow(events: RowEvents): Row {
  let view: DynoView | null = null;
  let drawn: { readonly curve: LiveDyno['curve']; readonly range: TimeRange; readonly key: string } | null = null;
  let hoverMs: number | null = null;
  const parts = createParts();
  const curve = createCurve('fleet', 320, 64, events);
  parts.plot.append(curve.node);
  parts.node.addEventListener('click', (event) => {
    if (view !== null && !wasDrag(event)) events.onOpen(view.dyno);
  });
  const showUsage = () => {
    if (view !== null) showUsageAt(parts, view, hoverMs);
  };
  return {
    node: parts.node,
    button: parts.name,
    update: (next, frame) => {
      view = next;
      hoverMs = frame.hoverMs;
      showWords(parts, next, frame.nowMs);
      showUsage();
      curve.resize(frame.width, frame.height);
      const { dyno } = next;
      if (drawn?.key === next.key && drawn.curve === dyno.curve && drawn.range === frame.range) return;
      drawn = { key: next.key, curve: dyno.curve, range: frame.range };
      curve.show(
        { curve: dyno.curve, marks: dyno.marks, limitBytes: dyno.limit_bytes, softLimitBytes: dyno.soft_limit_bytes },
        frame.range,
      );
    },
    hover: (timeMs) => {
      hoverMs = timeMs;
      showUsage();
    },
  };
}

type RowParts = ReturnType<typeof createParts>;

function createParts() {
  const name = element('button', { class: 'name', attributes: { type: 'button' } });
  const meta = element('span', { class: 'meta' });
  const jobs = element('span', { class: 'meta' });
  const plot = element('div', { class: 'plot' });
  const share = element('b', { class: 'share' });
  const usage = element('span', { class: 'meta' });
  const headroom = element('span', { class: 'meta' });
  const icon = shape('circle');
  const word = element('span');
  const badge = element('span', { class: 'badge' }, icon, word);
  const limit = element('span', { class: 'meta' });
  const next = element('p', { class: 'next' });
  const explanation = element('p', { class: 'explanation' });
  const node = element(
    'div',
    { class: 'row', attributes: { role: 'listitem' } },
    element('div', { class: 'who' }, name, meta, jobs),
    plot,
    element('div', { class: 'use' }, share, usage, headroom),
    element('div', { class: 'kind' }, badge, limit),
    element('div', { class: 'why' }, next, explanation),
  );
  return { node, name, meta, jobs, plot, share, usage, headroom, icon, word, limit, next, explanation };
}

function showWords(parts: RowParts, view: DynoView, nowMs: number): void {
  const { dyno } = view;
  setAttribute(parts.node, 'data-tone', view.tone);
  setAttribute(parts.node, 'data-stale', dyno.is_stale || dyno.goneAtMs !== null ? 'true' : null);
  setAttribute(parts.node, 'data-gone', dyno.goneAtMs === null ? null : 'true');
  setText(parts.name, dyno.dyno);
  setText(parts.meta, dyno.release === null ? view.ageWords : `${dyno.release}, ${view.ageWords}`);
  setText(parts.jobs, view.jobsWords);
  setText(parts.word, view.word);
  setShape(parts.icon, view.shape);
  setText(parts.limit, view.limitWords);
  setText(parts.next, nextWords(dyno, nowMs));
  setText(parts.explanation, [heldWords(dyno, nowMs), sentence(dyno.explanation)].join(' ').trimStart());
}

function showUsageAt(parts: RowParts, view: DynoView, hoverMs: number | null): void {
  const { dyno } = view;
  const index = hoverMs === null || dyno.curve === null ? null : nearestIndex(dyno.curve.times_ms, hoverMs);
  setAttribute(parts.node, 'data-hover', index === null ? null : 'true');
  if (index === null) {
    setText(parts.share, view.shareWords);
    setText(parts.usage, view.usageWords);
    setText(parts.headroom, view.headroomWords);
    return;
  }
  const bytes = dyno.curve?.usage_bytes[index] ?? null;
  setText(parts.share, percentWords(shareOf(bytes, dyno.limit_bytes)));
  setText(parts.usage, usageWords(bytes, dyno.limit_bytes));
  setText(parts.headroom, `at ${clockWords(dyno.curve?.times_ms[index] ?? 0, Date.now())}`);
}

/** The click that ends a drag over the curve zooms, and opens nothing. */
function wasDrag(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest('.u-over') !== null && event.detail !== 1;
}
