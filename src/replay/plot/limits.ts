import type { Decision } from '../../model/decision.ts';
import { formatBytes } from '../../model/text/format.ts';
import { drawLine, runsOf } from './curves.ts';
import { type Frame, PLOT_RIGHT_PX, yOf } from './frame.ts';
import { FONT_PX, pixel, text } from './svg.ts';

const LIMITS = [
  { name: 'quota', colour: '#222222', dashes: 'none', bytesOf: (decision: Decision) => decision.limitBytes },
  { name: 'hard limit', colour: '#b00020', dashes: '2 4', bytesOf: (decision: Decision) => decision.hardLimitBytes },
  { name: 'soft limit', colour: '#8a4b00', dashes: '8 4', bytesOf: (decision: Decision) => decision.softLimitBytes },
] as const;

interface Label {
  readonly names: readonly string[];
  readonly y: number;
  readonly bytes: number;
  readonly colour: string;
}

/** The limits as lines, with their names at the right. */
export function drawLimits(frame: Frame): readonly string[] {
  const labels: Label[] = [];
  const endMs = frame.panel.usage.at(-1)?.timeMs ?? frame.panel.endMs;
  const lines = LIMITS.flatMap(({ name, colour, dashes, bytesOf }) => {
    const runs = runsOf(frame.panel, bytesOf, endMs);
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined) addLabel(labels, { names: [name], y: yOf(frame, last.bytes), bytes: last.bytes, colour });
    return runs.map((run) =>
      drawLine('limit', frame, run, `stroke="${colour}" stroke-width="1.4" stroke-dasharray="${dashes}"`),
    );
  });
  return [...lines, ...drawLabels(labels)];
}

/** Limits at the same height share a label. */
function addLabel(labels: Label[], label: Label): void {
  const index = labels.findIndex(({ y }) => Math.abs(y - label.y) < 2);
  const same = labels[index];
  if (same === undefined) labels.push(label);
  else labels[index] = { ...same, names: [...same.names, ...label.names] };
}

function drawLabels(labels: readonly Label[]): readonly string[] {
  let lowestPx = 0;
  return [...labels]
    .sort((one, other) => one.y - other.y)
    .map(({ names, y, bytes, colour }) => {
      const labelPx = Math.max(y + 4, lowestPx + FONT_PX + 2);
      lowestPx = labelPx;
      return text(PLOT_RIGHT_PX + 6, pixel(labelPx), `${names.join(', ')} ${formatBytes(bytes)}`, `fill="${colour}"`);
    });
}
