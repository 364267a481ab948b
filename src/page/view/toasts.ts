import { element, region } from './dom.ts';

const SHOWN_MS = 8_000;

/** A sentence about what was just done; it disappears by itself. */
export function toast(text: string, tone: 'ok' | 'act' = 'ok'): void {
  const node = element('p', { class: 'toast', text, attributes: { 'data-tone': tone } });
  region('toasts').append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
