import { readFileSync } from 'node:fs';
import { defaultPolicy } from '../src/config/policy.ts';
import { NO_SWINGS } from '../src/detector/curve/swings.ts';
import type { Assessment } from '../src/detector/rules/assessment.ts';
import type { Rule } from '../src/detector/rules/rule.ts';
import { FULL_AGAIN_SOON, MEMORY_COMES_BACK, RULES } from '../src/detector/rules/rules.ts';
import { TUNING } from '../src/detector/tuning.ts';

/** The generated tables of docs/detection.md, as rows of cells. */

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const MIB = 1024 ** 2;
const MINUTE_MS = 60_000;
const NOW_MS = 600 * MINUTE_MS;

/** The dyno that the sentences of the table speak of: 450 of 512 MB, 12 min before its limit. */
const EXAMPLE: Assessment = {
  nowMs: NOW_MS,
  policy: defaultPolicy(),
  class: 'leak',
  features: {
    timeMs: NOW_MS,
    bucketMs: MINUTE_MS,
    floorBytes: 450 * MIB,
    sustainedBytes: 448 * MIB,
    heldByJobsBytes: 0,
    baseBytes: 140 * MIB,
    loadMarginBytes: 0,
    isLoadKnown: true,
    noiseBytes: MIB,
    steps: 0,
    flatMs: 0,
    isSettled: false,
    hasRisen: true,
    peakBytes: 480 * MIB,
    isAtPeak: false,
    peaksRecur: false,
    isSawtooth: false,
    rise: null,
    leakBytesPerMs: null,
    riseHasEnded: false,
    floorOverSoftSinceMs: NOW_MS,
    overSoftSinceMs: NOW_MS,
    mayComeBack: false,
    swings: NO_SWINGS,
  },
  isSilent: false,
  isJustBack: false,
  uptimeMs: NOW_MS,
  usageBytes: 460 * MIB,
  steadyUsageBytes: 455 * MIB,
  activeJobs: 20,
  holdingJobs: 20,
  heldByJobsBytes: 200 * MIB,
  bytesPerJob: 10 * MIB,
  limitBytes: 512 * MIB,
  softLimitBytes: 410 * MIB,
  hardLimitBytes: 512 * MIB,
  reclaimableBytes: 310 * MIB,
  surelyReclaimableBytes: 300 * MIB,
  timeToLimitMs: 12 * MINUTE_MS,
  timeToKillMs: null,
  risenForMs: 300 * MINUTE_MS,
  restartsAreUseless: false,
  isTooEarlyAgain: false,
  mayComeEarly: false,
};

/** The rules in their order; the last two rows replace a restart after useless or quick ones. */
export function rulesTable(): Table {
  const rowOf = (place: string, rule: Rule) => [
    place,
    `\`${rule.reason}\``,
    rule.action,
    rule.patientUntilMs === undefined ? '' : 'yes',
    rule.sentence(EXAMPLE),
  ];
  return {
    head: ['#', 'Reason', 'Action', 'Waits for idle jobs', 'The end of its sentence, for an example'],
    rows: [
      ...RULES.map((rule, index) => rowOf(String(index + 1), rule)),
      rowOf('', MEMORY_COMES_BACK),
      rowOf('', FULL_AGAIN_SOON),
    ],
  };
}

const SOURCE = new URL('../src/detector/tuning.ts', import.meta.url);
const ORIGIN = /^(?<meaning>.*?) ?(?<origin>Definition|Statistics|Tuned)(?<note> \([^)]*\))?\.$/;
/** By the end of a constant's name. */
const UNITS: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/Bytes$/, 'MB'],
  [/Ms$/, 'h'],
  [/Windows$/, 'windows'],
  [/Buckets$|Spans$/, 'buckets'],
  [/Levels$/, 'levels'],
  [/Fraction$/, 'fraction'],
  [/Errors$/, 'standard errors'],
  [/Deviations$/, 'standard deviations'],
  [/Z$/, "Mann-Kendall's z"],
  [/Patience$|Pauses$/, 'times'],
];

interface Constant {
  readonly name: string;
  readonly meaning: string;
  readonly origin: string;
}

/** Every constant with what the comment before it says; those without one share that of the constant before them. */
function constants(): readonly Constant[] {
  const source = readFileSync(SOURCE, 'utf8');
  const body = source.slice(source.indexOf('export const TUNING'), source.indexOf('\n};'));
  const entries = body.matchAll(/(?:\/\*\*(?<comment>(?:(?!\*\/).)*)\*\/\s*)?^ {2}(?<name>\w+): /gms);
  let said = { meaning: '', origin: '' };
  return [...entries].map(({ groups }) => {
    const comment = groups?.comment?.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
    if (comment !== undefined) {
      const { meaning = comment, origin = '', note = '' } = ORIGIN.exec(comment)?.groups ?? {};
      said = { meaning: meaning.replace(/(?<!\.)\.$/, ''), origin: `${origin.toLowerCase()}${note}` };
    }
    return { name: groups?.name ?? '', ...said };
  });
}

export function tuningTable(): Table {
  const values: Readonly<Record<string, unknown>> = TUNING;
  return {
    head: ['Constant', 'Value', 'Unit', 'Meaning', 'Origin'],
    rows: constants().map(({ name, meaning, origin }) => [
      `\`${name}\``,
      textOf(values[name], unitOf(name)),
      unitOf(name),
      meaning,
      origin,
    ]),
  };
}

function unitOf(name: string): string {
  return UNITS.find(([ending]) => ending.test(name))?.[1] ?? '';
}

/** As its unit counts it. */
function textOf(value: unknown, unit: string): string {
  if (Array.isArray(value)) return value.map((one) => textOf(one, unit)).join(', ');
  if (typeof value !== 'number') return String(value);
  return String(value / ({ MB: MIB, h: 60 * MINUTE_MS }[unit] ?? 1));
}
