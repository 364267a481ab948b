import { element } from '../view/dom.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** What the lines and marks of the curves mean; the marks are those of curve-marks.ts. */
const MEANINGS: readonly (readonly [
  meaning: string,
  colour: string,
  path: string,
  look: 'line' | 'fill' | 'dash' | 'thick',
])[] = [
  ['floor: what stays between jobs', 'curve-floor', 'M0 6h18', 'thick'],
  ['usage', 'curve-usage', 'M0 8l5-4 4 4 4-5 5 4', 'line'],
  ['quota', 'curve-limit', 'M0 6h18', 'line'],
  ['soft limit', 'curve-soft-limit', 'M0 6h18', 'dash'],
  ['restart', 'curve-restart', 'M4 2h10l-5 8z', 'fill'],
  ['would have restarted (dry run)', 'curve-restart', 'M4 2h10l-5 8z', 'line'],
  ['deploy', 'curve-deploy', 'M9 1l5 5-5 5-5-5z', 'fill'],
  ['over the quota', 'act', 'M5 4h8v4H5z', 'fill'],
];

export function createLegend(): HTMLElement {
  const entries = MEANINGS.map(([meaning, colour, path, look]) => {
    const icon = document.createElementNS(SVG, 'svg');
    icon.setAttribute('viewBox', '0 0 18 12');
    icon.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(SVG, 'path');
    line.setAttribute('d', path);
    line.style.stroke = `var(--${colour})`;
    if (look === 'fill') line.style.fill = `var(--${colour})`;
    if (look === 'thick') line.style.strokeWidth = '3';
    if (look === 'dash') line.style.strokeDasharray = '4 3';
    icon.append(line);
    return element('span', {}, icon, element('span', { text: meaning }));
  });
  const keys = element('span', { class: 'keys', text: 'Keys: j k or ↑ ↓ move, Enter opens, / filters, Esc closes.' });
  return element('p', { class: 'legend' }, ...entries, keys);
}
