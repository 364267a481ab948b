import { type TimeRange, ticksOf } from '../model/axis.ts';
import { clockWords } from '../model/words/times.ts';
import { element, setText } from '../view/dom.ts';

const PIXELS_PER_TICK = 92;
/** A label nearer to the edge would be cut off. */
const HALF_LABEL_PX = 18;

/** The one time axis of all curves, with the moment under the pointer. */
export function createAxis() {
  const plot = element('div', { class: 'axis-plot' });
  const moment = element('span', { class: 'axis-moment' });
  moment.hidden = true;
  const heading = (text: string, name: string) => element('span', { class: name, text });
  const node = element(
    'div',
    { class: 'axis', attributes: { 'aria-hidden': 'true' } },
    heading('Dyno', 'who'),
    plot,
    heading('Usage', 'use'),
    heading('Class', 'kind'),
    heading('What happens next', 'why'),
  );
  let range: TimeRange = { fromMs: 0, toMs: 1 };
  const left = (timeMs: number) => `${((timeMs - range.fromMs) / (range.toMs - range.fromMs)) * 100}%`;
  return {
    node,
    show: (next: TimeRange, nowMs: number) => {
      range = next;
      const max = Math.max(2, Math.floor(plot.clientWidth / PIXELS_PER_TICK));
      const offsetMs = -new Date(nowMs).getTimezoneOffset() * 60_000;
      const edge = HALF_LABEL_PX / Math.max(1, plot.clientWidth);
      const whole = ticksOf(range, max, offsetMs).filter(({ at }) => at > edge && at < 1 - edge);
      const ticks = whole.map(({ label, timeMs }) => {
        const tick = element('span', { class: 'tick', text: label });
        tick.style.left = left(timeMs);
        return tick;
      });
      plot.replaceChildren(...ticks, moment);
    },
    hover: (timeMs: number | null) => {
      moment.hidden = timeMs === null;
      if (timeMs === null) return;
      moment.style.left = left(timeMs);
      setText(moment, clockWords(timeMs, Date.now()));
    },
  };
}
