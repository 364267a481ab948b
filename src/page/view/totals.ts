import type { Total } from '../model/dynos/totals.ts';
import { element, keyedList, type Shown, setAttribute, setText } from './dom.ts';

/** Big numbers, each with its name. */
export function createTotals(parent: HTMLElement): (totals: readonly Total[]) => void {
  const show = keyedList<readonly [number, Total]>(parent, ([place]) => String(place), createTotal);
  return (totals) => show([...totals.entries()]);
}

function createTotal(): Shown<readonly [number, Total]> {
  const value = element('b');
  const name = element('span');
  const node = element('li', { class: 'total' }, value, name);
  return {
    node,
    update: ([, total]) => {
      setText(value, total.value);
      setText(name, total.name);
      setAttribute(node, 'data-tone', total.tone);
    },
  };
}
