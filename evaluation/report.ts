import type { CandidateScore } from './evaluate.ts';
import type { FamilyScore } from './score.ts';
import { familyOf } from './splits.ts';

/** For a terminal, and as Markdown all the same. */
export function reportText(scores: readonly CandidateScore[]): string {
  const [own, ...others] = scores;
  if (own === undefined) return '';
  const parts = [ownTable(own.families), classTable(own.families)];
  if (others.length > 0) parts.push(comparison(scores));
  return `${parts.join('\n')}`;
}

function ownTable(families: readonly FamilyScore[]): string {
  const rows = families.map((score) => {
    const { what, duty } = familyOf(score.family);
    return [
      score.family,
      what,
      duty,
      String(score.days),
      String(score.restarts),
      String(score.wrong),
      String(score.missed),
      ratio(score.precision),
      ratio(score.recall),
      score.f1 === null || duty === 'leave' || duty === 'loop'
        ? '–'
        : `${ratio(score.f1)} (${score.f1Interval?.map(ratio).join('–') ?? ''})`,
      minutes(score.leadMedianMin),
      minutes(score.leadP10Min),
      score.wastedMedian === null ? '–' : `${(100 * score.wastedMedian).toFixed(1)} %`,
      minutes(score.delayMedianMin),
      minutes(score.classDelayMedianMin),
      String(score.mostRestartsOfADyno),
    ];
  });
  const head = [
    'family',
    'what',
    'duty',
    'dyno-days',
    'restarts',
    'wrong',
    'missed',
    'precision',
    'recall',
    'F1 (95 %)',
    'lead, median',
    'lead, p10',
    'uptime given up',
    'after the soft limit',
    'leak named after',
    'most restarts of a dyno',
  ];
  return markdownTable(head, rows);
}

const CLASSES = ['warming', 'healthy', 'spike', 'sawtooth', 'bloat', 'leak', 'unknown'];

function classTable(families: readonly FamilyScore[]): string {
  const rows = families.map(({ family, finalClasses }) => {
    const all = Object.values(finalClasses).reduce((sum, count) => sum + count, 0);
    const right = familyOf(family).classes;
    return [
      family,
      right.join(', '),
      ...CLASSES.map((name) => (all === 0 ? '–' : String(Math.round((100 * (finalClasses[name] ?? 0)) / all)))),
    ];
  });
  return markdownTable(['family', 'right class', ...CLASSES.map((name) => `${name} %`)], rows);
}

/** One row for each rule; a cell is the F1 of a family that should act, else the wrong restarts per dyno-day. */
function comparison(scores: readonly CandidateScore[]): string {
  const families = scores[0]?.families.map(({ family }) => family) ?? [];
  const rows = scores.map(({ key, setting, families, goodness }) => [
    key.name,
    Object.entries(setting)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    goodness.toFixed(2),
    ...families.map((score) => {
      const { duty } = familyOf(score.family);
      if (duty === 'bloat' || duty === 'leak') return ratio(score.f1);
      return (score.wrong / Math.max(1, score.days)).toFixed(2);
    }),
  ]);
  return markdownTable(['rule', 'setting', 'overall', ...families], rows);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function minutes(value: number | null): string {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} min`;
}
