import { formatBytes, formatDuration } from '../../model/text/format.ts';
import type { Judged } from '../replay.ts';
import { FLOOR_COLOUR } from './curves.ts';
import { type Frame, xOf, yOf } from './frame.ts';
import { escapeXml, pixel } from './svg.ts';

/**
 * A step is drawn when the detector names it this many times in a row, and the floor stays up for this many moments.
 */
const STEADY_MOMENTS = 3;
const STAY_MOMENTS = 40;
/** A smaller rise is not visible in the drawing. */
const MIN_STEP = 1.03;

interface Step {
  readonly timeMs: number;
  readonly floorBytes: number;
}

/** A mark for each lasting rise of the floor. */
export function drawSteps(frame: Frame): readonly string[] {
  return stepsOf(frame.panel.judged).map((step) => drawStep(frame, step));
}

function stepsOf(judged: readonly Judged[]): readonly Step[] {
  const steps: Step[] = [];
  let [namedMs, times]: [number | null, number] = [null, 0];
  judged.forEach(({ decision, stepMs }, index) => {
    times = stepMs === namedMs ? times + 1 : 1;
    namedMs = stepMs;
    if (stepMs === null || times !== STEADY_MOMENTS || stepMs <= (steps.at(-1)?.timeMs ?? 0)) return;
    if (lasts(judged, index, stepMs)) steps.push({ timeMs: stepMs, floorBytes: decision.floorBytes ?? 0 });
  });
  return steps;
}

/** Not steps: a boot's start, a leak, which rises all the time, and a sawtooth, which falls back. */
function lasts(judged: readonly Judged[], index: number, stepMs: number): boolean {
  const now = judged[index]?.decision;
  const isSameBoot = ({ decision }: Judged) => decision.bootId === now?.bootId;
  const before = judged.slice(0, index).findLast((moment) => isSameBoot(moment) && moment.decision.timeMs <= stepMs);
  if (now === undefined || now.class === 'leak' || now.class === 'sawtooth') return false;
  if (before === undefined || before.decision.class === 'warming') return false;
  const [beforeBytes, risenBytes] = [before.decision.floorBytes ?? 0, now.floorBytes ?? 0];
  const after = judged.slice(index, index + STAY_MOMENTS).filter(isSameBoot);
  const isHigh = ({ decision }: Judged) => (decision.floorBytes ?? 0) > (beforeBytes + risenBytes) / 2;
  return risenBytes >= MIN_STEP * beforeBytes && after.every(isHigh);
}

function drawStep(frame: Frame, { timeMs, floorBytes }: Step): string {
  const [x, y] = [xOf(frame, timeMs), yOf(frame, floorBytes)];
  const after = formatDuration(timeMs - frame.panel.startMs);
  const title = `step after ${after}: the floor rises to ${formatBytes(floorBytes)}`;
  return `<g class="step"><title>${escapeXml(title)}</title>${triangle(x, y + 3)}</g>`;
}

/** `x` and `y` are its upper corner. */
export function triangle(x: number, y: number): string {
  return `<path d="M${x} ${pixel(y)}l5.5 9.5h-11z" fill="${FLOOR_COLOUR}" stroke="#ffffff" stroke-width="1"/>`;
}
