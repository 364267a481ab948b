import type { Decision, MemoryClass } from '../core/decision.ts';
import { formatBytes, formatDuration } from '../core/format.ts';
import type { Judged } from './replay.ts';
import type { SeriesRow } from './series-file.ts';

/** What one dyno of a series used, and what was made of it. */
export interface Panel {
  readonly title: string;
  /** Of the whole file, so that the panels of its dynos line up. */
  readonly startMs: number;
  readonly endMs: number;
  /** Resident and swap, oldest first. */
  readonly usage: readonly Reading[];
  readonly judged: readonly Judged[];
}

interface Reading {
  readonly timeMs: number;
  readonly bytes: number;
}

const WIDTH_PX = 1080;
const LEFT_PX = 70;
/** Room for the names of the limits. */
const RIGHT_PX = 190;
const PLOT_WIDTH_PX = WIDTH_PX - LEFT_PX - RIGHT_PX;
const PLOT_RIGHT_PX = LEFT_PX + PLOT_WIDTH_PX;
const MARGIN_PX = 16;
const TITLE_PX = 24;
/** Above the plot: the names of the restarts. */
const STRIP_PX = 18;
const PLOT_HEIGHT_PX = 260;
const AXIS_PX = 28;
const LINE_PX = 16;
const GAP_PX = 26;
const FONT_PX = 11;
/** A wide guess, as the viewer's font is not known. */
const CHARACTER_PX = 0.6 * FONT_PX;
const LIST_COLUMNS = Math.floor((WIDTH_PX - 2 * MARGIN_PX) / CHARACTER_PX);
const TITLE_COLUMNS = 110;
const MOST_LISTED = 10;
/** The floor has risen to stay when the detector has named the same step so many times in a row, and it is not given back for so many moments. */
const STEADY_MOMENTS = 3;
const STAY_MOMENTS = 40;
/** A smaller rise can't be seen in the drawing. */
const STEP_LEAST = 1.03;

const USAGE_COLOUR = '#0b5394';
const FLOOR_COLOUR = '#8e44ad';
const RESTART_COLOUR = '#b00020';
/** The floor lies beneath the usage, and is wider. */
const FLOOR_STROKE = `stroke="${FLOOR_COLOUR}" stroke-width="3.2"`;
const USAGE_STROKE = `stroke="${USAGE_COLOUR}" stroke-width="1.2"`;
const RESTART_STROKE = `stroke="${RESTART_COLOUR}" stroke-width="1.6"`;
const BAND_COLOURS: Readonly<Record<MemoryClass, string>> = {
  warming: '#d5dfeb',
  healthy: '#e2f2dc',
  spike: '#fdf1b8',
  sawtooth: '#cfeaf8',
  bloat: '#fbd5b0',
  leak: '#f3b9c2',
  unknown: '#e9e9e9',
};
const LIMITS = [
  { name: 'quota', colour: '#222222', dashes: 'none', bytesOf: (decision: Decision) => decision.limitBytes },
  { name: 'hard limit', colour: '#b00020', dashes: '2 4', bytesOf: (decision: Decision) => decision.hardLimitBytes },
  { name: 'soft limit', colour: '#8a4b00', dashes: '8 4', bytesOf: (decision: Decision) => decision.softLimitBytes },
] as const;

/** One panel for each dyno of a file, in the order in which they first appear. */
export function panelsOf(file: string, rows: readonly SeriesRow[], judged: readonly Judged[]): readonly Panel[] {
  const times = rows.map(({ timeMs }) => timeMs).reduce(widen, null) ?? [0, 0];
  const dynos = [...new Set(rows.map(({ dyno }) => dyno))];
  return dynos.map((dyno) => ({
    title: dyno === null ? file : `${file} · ${dyno}`,
    startMs: times[0],
    endMs: times[1],
    usage: rows
      .filter((row) => row.dyno === dyno)
      .map(readingOf)
      .sort(byTime),
    judged: judged
      .filter(({ decision }) => decision.dyno === (dyno ?? 'dyno'))
      .sort((one, other) => byTime(one.decision, other.decision)),
  }));
}

/** Draws the panels one below the other: an SVG document. */
export function plotSvg(panels: readonly Panel[]): string {
  const legend = drawLegend(panels);
  const body: string[] = [legend.svg];
  let topPx = legend.heightPx;
  for (const panel of panels) {
    const drawn = drawPanel(panel, topPx);
    body.push(drawn.svg);
    topPx += drawn.heightPx;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH_PX} ${topPx}" width="${WIDTH_PX}" height="${topPx}" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="${FONT_PX}">`,
    `<title>${escapeXml(`Tidemark replay: ${panels.map(({ title }) => title).join(', ')}`)}</title>`,
    `<rect width="${WIDTH_PX}" height="${topPx}" fill="#ffffff"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

interface Drawn {
  readonly svg: string;
  readonly heightPx: number;
}

/** Where a panel's times and bytes lie. */
interface Frame {
  readonly panel: Panel;
  readonly topPx: number;
  readonly spanMs: number;
  readonly mostBytes: number;
}

function drawPanel(panel: Panel, topPx: number): Drawn {
  const frame = frameOf(panel, topPx + TITLE_PX + STRIP_PX);
  const listTopPx = frame.topPx + PLOT_HEIGHT_PX + AXIS_PX;
  const lines = listOf(panel);
  const svg = [
    '<g class="panel">',
    text(LEFT_PX, topPx + 14, shorten(panel.title), 'font-size="13" font-weight="bold"'),
    ...drawBands(frame),
    ...drawAxes(frame),
    ...drawLimits(frame),
    ...floorsOf(panel).map((floor) => drawLine('floor', frame, floor, FLOOR_STROKE)),
    drawLine('usage', frame, thin(panel.usage, frame), USAGE_STROKE),
    ...stepsOf(panel.judged).map((step) => drawStep(frame, step)),
    ...drawRestarts(frame),
    ...lines.map((line, index) => text(MARGIN_PX, listTopPx + (index + 1) * LINE_PX, line, 'xml:space="preserve"')),
    '</g>',
  ].join('\n');
  return { svg, heightPx: listTopPx + lines.length * LINE_PX + GAP_PX - topPx };
}

function frameOf(panel: Panel, topPx: number): Frame {
  const limits = panel.judged.flatMap(({ decision }) => LIMITS.map(({ bytesOf }) => bytesOf(decision) ?? 0));
  const highest = [...panel.usage.map(({ bytes }) => bytes), ...limits].reduce(
    (most, bytes) => Math.max(most, bytes),
    1,
  );
  return { panel, topPx, spanMs: Math.max(panel.endMs - panel.startMs, 1), mostBytes: 1.08 * highest };
}

function xOf({ panel, spanMs }: Frame, timeMs: number): number {
  return pixel(LEFT_PX + ((timeMs - panel.startMs) / spanMs) * PLOT_WIDTH_PX);
}

function yOf({ topPx, mostBytes }: Frame, bytes: number): number {
  return pixel(topPx + (1 - bytes / mostBytes) * PLOT_HEIGHT_PX);
}

interface Band {
  readonly class: MemoryClass;
  readonly fromMs: number;
  readonly toMs: number;
}

function bandsOf({ judged, usage }: Panel): readonly Band[] {
  const bands: Band[] = [];
  for (const { decision } of judged) {
    const last = bands.at(-1);
    if (last?.class === decision.class) continue;
    if (last !== undefined) bands[bands.length - 1] = { ...last, toMs: decision.timeMs };
    bands.push({ class: decision.class, fromMs: decision.timeMs, toMs: usage.at(-1)?.timeMs ?? decision.timeMs });
  }
  return bands;
}

function drawBands(frame: Frame): readonly string[] {
  return bandsOf(frame.panel).map((band) => {
    const [fromPx, toPx] = [xOf(frame, band.fromMs), xOf(frame, band.toMs)];
    const widthPx = pixel(toPx - fromPx);
    const name = widthPx < widthOf(band.class) + 8 ? '' : nameBand(band.class, (fromPx + toPx) / 2, frame);
    return `<g class="band" data-class="${band.class}"><title>${band.class}</title><rect x="${fromPx}" y="${frame.topPx}" width="${widthPx}" height="${PLOT_HEIGHT_PX}" fill="${BAND_COLOURS[band.class]}"/>${name}</g>`;
  });
}

function nameBand(name: MemoryClass, middlePx: number, { topPx }: Frame): string {
  return text(pixel(middlePx), topPx + PLOT_HEIGHT_PX - 6, name, 'text-anchor="middle" fill="#444444"');
}

function drawAxes(frame: Frame): readonly string[] {
  const bottomPx = frame.topPx + PLOT_HEIGHT_PX;
  const memory = ticksOf(frame.mostBytes, memoryStep(frame.mostBytes)).map((bytes) => {
    const y = yOf(frame, bytes);
    return `${line(LEFT_PX, y, PLOT_RIGHT_PX, y, 'stroke="#000000" stroke-opacity="0.12"')}${text(LEFT_PX - 6, y + 4, formatBytes(bytes), 'text-anchor="end" fill="#333333"')}`;
  });
  const stepMs = timeStep(frame.spanMs);
  const time = ticksOf(frame.spanMs, stepMs).map((afterMs) => {
    const x = xOf(frame, frame.panel.startMs + afterMs);
    return `${line(x, bottomPx, x, bottomPx + 4, 'stroke="#333333"')}${text(x, bottomPx + 16, timeLabel(afterMs, stepMs), 'text-anchor="middle" fill="#333333"')}`;
  });
  return [
    ...memory,
    ...time,
    line(LEFT_PX, bottomPx, PLOT_RIGHT_PX, bottomPx, 'stroke="#333333"'),
    line(LEFT_PX, frame.topPx, LEFT_PX, bottomPx, 'stroke="#333333"'),
    text(PLOT_RIGHT_PX + 30, bottomPx + 16, 'since the start', 'fill="#333333"'),
  ];
}

const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;
const MOST_TIME_TICKS = 10;
const MOST_MEMORY_TICKS = 7;

function timeStep(spanMs: number): number {
  const steps = [...[1, 5, 10, 30].map((s) => s * 1000), ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(minutes)];
  let stepMs = steps.find((candidate) => spanMs / candidate <= MOST_TIME_TICKS) ?? minutes(1440);
  while (spanMs / stepMs > MOST_TIME_TICKS) stepMs *= 2;
  return stepMs;
}

function minutes(count: number): number {
  return count * 60_000;
}

/** Powers of two, as quotas are. */
function memoryStep(mostBytes: number): number {
  return Math.max(1024 ** 2, 2 ** Math.ceil(Math.log2(mostBytes / MOST_MEMORY_TICKS)));
}

function ticksOf(most: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** All ticks of an axis in one unit: `90 min`, not `1.5 h`, where the others are minutes. */
function timeLabel(afterMs: number, stepMs: number): string {
  const [unit, sizeMs] = TIME_UNITS.find(([, size]) => stepMs >= size) ?? ['s', 1000];
  return afterMs === 0 ? '0' : `${Math.round(afterMs / sizeMs)} ${unit}`;
}

interface Label {
  readonly names: readonly string[];
  readonly y: number;
  readonly bytes: number;
  readonly colour: string;
}

function drawLimits(frame: Frame): readonly string[] {
  const labels: Label[] = [];
  const lines = LIMITS.flatMap(({ name, colour, dashes, bytesOf }) => {
    const runs = runsOf(frame.panel.judged, bytesOf).map((run) => untilEnd(run, frame.panel));
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined) addLabel(labels, { names: [name], y: yOf(frame, last.bytes), bytes: last.bytes, colour });
    return runs.map((run) =>
      drawLine('limit', frame, run, `stroke="${colour}" stroke-width="1.4" stroke-dasharray="${dashes}"`),
    );
  });
  return [...lines, ...drawLabels(labels)];
}

/** Lines that lie on each other share a label. */
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

/** What is known of a value over time; it breaks off where it is not, and where a boot ends. */
function runsOf(
  judged: readonly Judged[],
  bytesOf: (decision: Decision) => number | null,
): readonly (readonly Reading[])[] {
  const runs: Reading[][] = [];
  let bootId: string | null = null;
  for (const { decision } of judged) {
    const bytes = bytesOf(decision);
    if (bytes !== null && bootId !== decision.bootId) runs.push([]);
    bootId = bytes === null ? null : decision.bootId;
    if (bytes !== null) runs.at(-1)?.push({ timeMs: decision.timeMs, bytes });
  }
  return runs;
}

/** The last judgement holds until the dyno's last row. */
function untilEnd(run: readonly Reading[], { judged, usage }: Panel): readonly Reading[] {
  const [last, end] = [run.at(-1), usage.at(-1)];
  if (last === undefined || end === undefined || last.timeMs !== judged.at(-1)?.decision.timeMs) return run;
  return [...run, { timeMs: end.timeMs, bytes: last.bytes }];
}

function floorsOf(panel: Panel): readonly (readonly Reading[])[] {
  return runsOf(panel.judged, ({ floorBytes }) => floorBytes).map((run) => untilEnd(run, panel));
}

/** The lowest and the highest of each column of pixels: no spike is lost. */
function thin(readings: readonly Reading[], frame: Frame): readonly Reading[] {
  if (readings.length <= 2 * PLOT_WIDTH_PX) return readings;
  const columns = new Map<number, { low: Reading; high: Reading }>();
  for (const reading of readings) {
    const column = Math.min(PLOT_WIDTH_PX - 1, Math.floor(xOf(frame, reading.timeMs) - LEFT_PX));
    const { low, high } = columns.get(column) ?? { low: reading, high: reading };
    columns.set(column, {
      low: reading.bytes < low.bytes ? reading : low,
      high: reading.bytes > high.bytes ? reading : high,
    });
  }
  return [...columns.values()].flatMap(({ low, high }) => (low === high ? [low] : [low, high].sort(byTime)));
}

function drawLine(name: string, frame: Frame, readings: readonly Reading[], stroke: string): string {
  const points = readings.map(({ timeMs, bytes }) => `${xOf(frame, timeMs)},${yOf(frame, bytes)}`);
  return `<polyline class="${name}" fill="none" stroke-linejoin="round" ${stroke} points="${points.join(' ')}"/>`;
}

interface Step {
  readonly timeMs: number;
  readonly floorBytes: number;
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

/** A start is no step, nor is a leak, which rises all the time; teeth rise too, but fall back. */
function lasts(judged: readonly Judged[], index: number, stepMs: number): boolean {
  const now = judged[index]?.decision;
  const isSameBoot = ({ decision }: Judged) => decision.bootId === now?.bootId;
  const before = judged.slice(0, index).findLast((moment) => isSameBoot(moment) && moment.decision.timeMs <= stepMs);
  if (now === undefined || now.class === 'leak' || now.class === 'sawtooth') return false;
  if (before === undefined || before.decision.class === 'warming') return false;
  const [beforeBytes, risenBytes] = [before.decision.floorBytes ?? 0, now.floorBytes ?? 0];
  const after = judged.slice(index, index + STAY_MOMENTS).filter(isSameBoot);
  const isHigh = ({ decision }: Judged) => (decision.floorBytes ?? 0) > (beforeBytes + risenBytes) / 2;
  return risenBytes >= STEP_LEAST * beforeBytes && after.every(isHigh);
}

function drawStep(frame: Frame, { timeMs, floorBytes }: Step): string {
  const [x, y] = [xOf(frame, timeMs), yOf(frame, floorBytes)];
  const title = `step after ${formatDuration(timeMs - frame.panel.startMs)}: the floor rises to ${formatBytes(floorBytes)}`;
  return `<g class="step"><title>${escapeXml(title)}</title>${triangle(x, y + 3)}</g>`;
}

function triangle(x: number, y: number): string {
  return `<path d="M${x} ${pixel(y)}l5.5 9.5h-11z" fill="${FLOOR_COLOUR}" stroke="#ffffff" stroke-width="1"/>`;
}

function restartsOf({ judged }: Panel): readonly Decision[] {
  return judged.map(({ decision }) => decision).filter(({ action }) => action === 'restart');
}

function drawRestarts(frame: Frame): readonly string[] {
  const restarts = restartsOf(frame.panel);
  const marks = restarts.map(({ timeMs }) => xOf(frame, timeMs));
  const names = namesOf(restarts, marks);
  return restarts.map(({ reason, explanation }, index) => {
    const x = marks[index] ?? 0;
    const mark = line(x, frame.topPx - 4, x, frame.topPx + PLOT_HEIGHT_PX, RESTART_STROKE);
    const { name = '', anchor = 'start' } = names[index] ?? {};
    const attributes = `text-anchor="${anchor}" fill="${RESTART_COLOUR}"`;
    const label = name === '' ? '' : text(x, frame.topPx - 6, name, attributes);
    return `<g class="restart"><title>${escapeXml(`${reason}: ${explanation}`)}</title>${mark}${label}</g>`;
  });
}

interface MarkName {
  readonly name: string;
  readonly anchor: 'start' | 'end';
}

/** Number and reason on the side that has room; else the number; of marks that are very close not even that. */
function namesOf(restarts: readonly Decision[], marks: readonly number[]): readonly MarkName[] {
  let freeFromPx = LEFT_PX;
  return restarts.map(({ reason }, index): MarkName => {
    const [x, nextPx] = [marks[index] ?? 0, marks[index + 1] ?? WIDTH_PX];
    const number = String(index + 1);
    const widthPx = widthOf(`${number} ${reason}`) + 6;
    const fits = { right: x >= freeFromPx && x + widthPx < nextPx, left: x - widthPx > freeFromPx };
    const name = fits.right ? `${number} ${reason}` : fits.left ? `${reason} ${number}` : x < freeFromPx ? '' : number;
    const anchor = fits.left && !fits.right ? 'end' : 'start';
    if (name !== '') freeFromPx = x + (anchor === 'end' ? 0 : widthOf(name)) + 4;
    return { name, anchor };
  });
}

const OPEN_LOOP =
  'The series goes on as it was recorded: with the first restart made, the later ones might not be needed.';

/** The restarts in words; where there is none, the last word on the series. */
function listOf(panel: Panel): readonly string[] {
  const restarts = restartsOf(panel);
  const last = panel.judged.at(-1)?.decision;
  if (restarts.length === 0)
    return last === undefined ? [] : wrap(`No restart. At the end: ${last.class}, ${last.reason}: ${last.explanation}`);
  const lines = restarts.slice(0, MOST_LISTED).flatMap(({ timeMs, reason, explanation }, index) => {
    return wrap(`${index + 1}  after ${formatDuration(timeMs - panel.startMs)}, ${reason}: ${explanation}`);
  });
  if (restarts.length > MOST_LISTED) lines.push(`and ${restarts.length - MOST_LISTED} more`);
  if (restarts.length > 1) lines.push(OPEN_LOOP);
  return lines;
}

/** At spaces; the lines after the first are set in. */
function wrap(sentence: string): readonly string[] {
  const lines: string[] = [];
  let open = '';
  for (const word of sentence.split(' ')) {
    if (open.length + 1 + word.length > LIST_COLUMNS && open.trim() !== '') {
      lines.push(open);
      open = `    ${word}`;
    } else open = open === '' ? word : `${open} ${word}`;
  }
  return [...lines, open];
}

interface LegendItem {
  readonly name: string;
  /** Drawn in a box of 18 by 12 pixels. */
  readonly swatch: (x: number, y: number) => string;
}

const LINE_ITEMS: readonly LegendItem[] = [
  { name: 'usage', swatch: (x, y) => line(x, y + 6, x + 18, y + 6, USAGE_STROKE) },
  { name: 'floor', swatch: (x, y) => line(x, y + 6, x + 18, y + 6, FLOOR_STROKE) },
  { name: 'step: the floor rises to stay', swatch: (x, y) => triangle(x + 9, y + 1) },
  { name: 'would restart, and why', swatch: (x, y) => line(x + 9, y, x + 9, y + 12, RESTART_STROKE) },
];

function drawLegend(panels: readonly Panel[]): Drawn {
  const seen = new Set(panels.flatMap(({ judged }) => judged.map(({ decision }) => decision.class)));
  const classes = (Object.keys(BAND_COLOURS) as MemoryClass[]).filter((name) => seen.has(name)).map(bandItem);
  const rows = [LINE_ITEMS, classes].map((items, index) => drawLegendRow(items, MARGIN_PX + 18 * index));
  return { svg: ['<g class="legend">', ...rows, '</g>'].join('\n'), heightPx: MARGIN_PX + 54 };
}

function bandItem(name: MemoryClass): LegendItem {
  const box = `width="18" height="12" fill="${BAND_COLOURS[name]}" stroke="#777777" stroke-width="0.5"`;
  return { name, swatch: (x, y) => `<rect x="${x}" y="${y}" ${box}/>` };
}

function drawLegendRow(items: readonly LegendItem[], topPx: number): string {
  let x = LEFT_PX;
  const drawn = items.map(({ name, swatch }) => {
    const item = `${swatch(x, topPx)}${text(x + 24, topPx + 10, name)}`;
    x = pixel(x + 24 + widthOf(name) + 18);
    return item;
  });
  return drawn.join('');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${pixel(y)}" ${attributes}>${escapeXml(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${x1}" y1="${pixel(y1)}" x2="${x2}" y2="${pixel(y2)}" ${stroke}/>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** XML 1.0 has no form at all for most control characters. */
function escapeXml(content: string): string {
  return content
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** The end of a path says more than its beginning. */
function shorten(title: string): string {
  return title.length <= TITLE_COLUMNS ? title : `…${title.slice(1 - TITLE_COLUMNS)}`;
}

function widthOf(name: string): number {
  return name.length * CHARACTER_PX;
}

function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

function readingOf({ timeMs, rssBytes, swapBytes }: SeriesRow): Reading {
  return { timeMs, bytes: rssBytes + (swapBytes ?? 0) };
}

function byTime(one: { readonly timeMs: number }, other: { readonly timeMs: number }): number {
  return one.timeMs - other.timeMs;
}

type Span = readonly [fromMs: number, toMs: number];

/** Not `Math.min(...times)`, which a long series overflows. */
function widen(span: Span | null, timeMs: number): Span {
  return span === null ? [timeMs, timeMs] : [Math.min(span[0], timeMs), Math.max(span[1], timeMs)];
}
