import type { CandidateScore } from '../evaluate.ts';
import type { FalseRestarts } from '../false-restarts.ts';
import type { FamilyScore } from '../score.ts';
import { familyOf } from '../splits.ts';
import { markdownTable, minutes, NOTHING, percent, rate, ratio } from './markdown.ts';

/** Tidemark next to the other rules: how often each is right, how much uptime it gives up, and what it costs. */
export function rulesReport(scores: readonly CandidateScore[]): string {
  const isAlone = scores.length < 2;
  const parts = [
    ...(isAlone ? [] : [rightTable(scores), givenUpTable(scores), uselessTable(scores)]),
    costTable(scores),
  ];
  return parts.join('\n');
}

/** A cell has the F1 of a family that needs restarts, otherwise the wrong restarts per dyno-day. */
function rightTable(scores: readonly CandidateScore[]): string {
  const rows = scores.map((score) => [
    score.key.name,
    settingOf(score),
    score.goodness.toFixed(2),
    ...score.families.map((family) => (isToAct(family) ? ratio(family.f1) : family.wrongPerDay.toFixed(2))),
  ]);
  const caption =
    'How often each rule is right: the F1 of a family that should act, else the wrong restarts per dyno-day.';
  return `${caption}\n\n${markdownTable(['rule', 'setting', 'overall', ...familyIds(scores)], rows)}`;
}

/**
 * For right restarts. Leak: the fraction of the uptime until the limit that was given up, and the time left; bloat: how
 * long it was over the soft limit.
 */
function givenUpTable(scores: readonly CandidateScore[]): string {
  const acting = (scores[0]?.families ?? []).filter(isToAct).map(({ family }) => family);
  const rows = scores.map(({ key, families }) => [
    key.name,
    ...families.filter(({ family }) => acting.includes(family)).map(givenUpCell),
  ]);
  const caption =
    'What its right restarts give up, medians: of a leak, the share of the uptime until the limit, ' +
    'and the lead; of bloat, the time over the soft limit.';
  return acting.length === 0 ? '' : `${caption}\n\n${markdownTable(['rule', ...acting], rows)}`;
}

function givenUpCell({ wastedMedian, leadMedianMin, delayMedianMin }: FamilyScore): string {
  if (wastedMedian !== null) return `${percent(wastedMedian)}, ${minutes(leadMedianMin)}`;
  return minutes(delayMedianMin);
}

function uselessTable(scores: readonly CandidateScore[]): string {
  const rows = scores.map(({ key, families }) => [
    key.name,
    ...families.map(({ useless, days }) => rate(useless / Math.max(1, days))),
  ]);
  const caption =
    'Useless restarts per dyno-day: half an hour after the next boot began its floor was as high again, ' +
    'to within a tenth of the quota.';
  return `${caption}\n\n${markdownTable(['rule', ...familyIds(scores)], rows)}`;
}

function costTable(scores: readonly CandidateScore[]): string {
  const rows = scores.map(({ key, falseRestarts, cost }) => [
    key.name,
    ...falseCells(falseRestarts),
    Math.round(cost.nsPerSample).toString(),
    Math.round(cost.bytesPerBoot).toString(),
  ]);
  const caption =
    'False restarts of the healthy families together, and what a rule costs. ' +
    'The last two are of the machine that ran this, and compare rules only: ' +
    'CPU time of a sample over a first day without restarts, and what is held of a boot a day old.';
  const head = [
    'rule',
    'false restarts',
    'healthy dyno-days',
    'per day',
    'at most (95 %)',
    'ns a sample',
    'bytes a boot',
  ];
  return `${caption}\n\n${markdownTable(head, rows)}`;
}

function falseCells(found: FalseRestarts | null): readonly string[] {
  if (found === null) return [NOTHING, NOTHING, NOTHING, NOTHING];
  const { restarts, days, perDay, perDayAtMost } = found;
  return [String(restarts), String(days), rate(perDay), rate(perDayAtMost)];
}

function isToAct({ family }: FamilyScore): boolean {
  const { duty } = familyOf(family);
  return duty === 'bloat' || duty === 'leak';
}

function familyIds(scores: readonly CandidateScore[]): readonly string[] {
  return scores[0]?.families.map(({ family }) => family) ?? [];
}

function settingOf({ setting }: CandidateScore): string {
  return Object.entries(setting)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
