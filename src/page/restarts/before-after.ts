import type { AttemptDetail } from '../../web/schema/attempt.ts';
import type { Curve as ApiCurve } from '../../web/schema/fields.ts';
import { type Curve, type CurveEvents, createCurve } from '../dynos/curve.ts';
import { element } from '../view/dom.ts';

const HEIGHT = 110;
const QUIET: CurveEvents = { onHover: () => {}, onZoom: () => {}, onReset: () => {} };

/**
 * The old boot's last hour and the new boot's first one, next to each other at one scale.
 *
 * @returns destroys the curves
 */
export function createBeforeAfter(parent: HTMLElement, { before, after, limit_bytes, id }: AttemptDetail): () => void {
  const curves: Curve[] = [];
  parent.replaceChildren();
  const peak = Math.max(limit_bytes ?? 0, ...usages(before), ...usages(after));
  const width = Math.max(140, Math.floor((parent.clientWidth - 12) / 2));
  for (const [name, data] of [
    ['Before', before],
    ['After', after],
  ] as const) {
    const caption = element('figcaption', { text: data === null ? `${name}: no measurements` : name });
    const figure = element('figure', {}, caption);
    parent.append(figure);
    const from = data?.times_ms[0];
    const to = data?.times_ms.at(-1);
    if (data === null || from === undefined || to === undefined) continue;
    const curve = createCurve(`attempt ${id}`, width, HEIGHT, QUIET);
    curves.push(curve);
    figure.append(curve.node);
    const limits = { limitBytes: limit_bytes ?? peak, softLimitBytes: null };
    curve.show({ curve: data, marks: [], ...limits }, { fromMs: from, toMs: Math.max(to, from + 1000) });
  }
  return () => {
    for (const curve of curves) curve.destroy();
  };
}

function usages(curve: ApiCurve | null): readonly number[] {
  return (curve?.usage_bytes ?? []).filter((bytes) => bytes !== null);
}
