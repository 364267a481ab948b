import { MEMORY_CLASSES } from '../../src/model/decision.ts';
import type { CandidateScore } from '../evaluate.ts';
import { rateAtMost } from '../false-restarts.ts';
import type { FamilyScore } from '../score.ts';
import { familyOf } from '../splits.ts';
import { markdownTable, minutes, NOTHING, percent, rate, ratio } from './markdown.ts';
import { rulesReport } from './rules-report.ts';

/** Markdown that is readable in a terminal. */
export function reportText(scores: readonly CandidateScore[]): string {
  const [own] = scores;
  if (own === undefined) return '';
  return [ownTable(own.families), classTable(own.families), rulesReport(scores)].join('\n');
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
      `${rate(score.wrongPerDay)}${duty === 'leave' ? ` (≤ ${rate(rateAtMost(score.wrong, score.days))})` : ''}`,
      String(score.useless),
      String(score.missed),
      ratio(score.precision),
      ratio(score.recall),
      score.f1 === null || duty === 'leave' || duty === 'loop'
        ? NOTHING
        : `${ratio(score.f1)} (${score.f1Interval?.map(ratio).join('–') ?? ''})`,
      minutes(score.leadMedianMin),
      minutes(score.leadP10Min),
      percent(score.wastedMedian),
      minutes(score.delayMedianMin),
      minutes(score.classDelayMedianMin),
      percent(score.namedFromHalfway),
      String(score.maxRestartsOfADyno),
    ];
  });
  const head = [
    'family',
    'what',
    'duty',
    'dyno-days',
    'restarts',
    'wrong',
    'wrong per dyno-day (95 %)',
    'useless',
    'missed',
    'precision',
    'recall',
    'F1 (95 %)',
    'lead, median',
    'lead, p10',
    'uptime given up',
    'after the soft limit',
    'leak named after',
    'named from halfway',
    'most restarts of a dyno',
  ];
  return markdownTable(head, rows);
}

function classTable(families: readonly FamilyScore[]): string {
  const rows = families.map(({ family, finalClasses }) => {
    const all = Object.values(finalClasses).reduce((sum, count) => sum + count, 0);
    const right = familyOf(family).classes;
    return [
      family,
      right.join(', '),
      ...MEMORY_CLASSES.map((name) =>
        all === 0 ? NOTHING : String(Math.round((100 * (finalClasses[name] ?? 0)) / all)),
      ),
    ];
  });
  return markdownTable(['family', 'right class', ...MEMORY_CLASSES.map((name) => `${name} %`)], rows);
}
