import { HEALTHY } from '../families/healthy.ts';
import { LOAD } from '../families/load.ts';
import { rate, ratio } from '../report/markdown.ts';
import { type DynoScore, ratiosOf } from '../score.ts';
import { FAMILIES, familyOf } from '../splits.ts';
import type { FamilyDyno, Outcome } from './outcome.ts';

/** One figure of a variant, and the errors it is made of: they say whether two variants differ by more than chance. */
export interface Column {
  readonly head: string;
  text(outcome: Outcome): string;
  /** Of each dyno or recording; higher is worse. In the same order for each variant. */
  errors(outcome: Outcome): readonly number[];
}

const isLoad = (id: string) => LOAD.some((family) => family.id === id);
const HEALTHY_IDS = HEALTHY.map(({ id }) => id);
const LOAD_IDS = FAMILIES.filter(({ id }) => /^W[1-9]$/.test(id)).map(({ id }) => id);
const ACTING_IDS = FAMILIES.filter(({ duty }) => duty !== 'leave' && duty !== 'loop').map(({ id }) => id);
/** What comes back, stops or loops: no restart helps for long. */
const OTHER_IDS = FAMILIES.map(({ id }) => id).filter(
  (id) => ![...HEALTHY_IDS, ...LOAD_IDS, ...ACTING_IDS].includes(id),
);

export const COLUMNS: readonly Column[] = [
  wrongPerDay('wrong a day, healthy', HEALTHY_IDS),
  wrongPerDay('wrong a day, W1–W9', LOAD_IDS),
  wrongPerDay(`wrong a day, ${OTHER_IDS.join(', ')}`, OTHER_IDS),
  f1(
    'F1, bloat and leaks',
    ACTING_IDS.filter((id) => !isLoad(id)),
  ),
  f1('F1, beneath load', ACTING_IDS.filter(isLoad)),
  {
    head: 'class right at the end',
    text: ({ dynos }) => {
      const all = dynos.reduce((sum, { score }) => sum + score.finalClasses.length, 0);
      const wrong = dynos.reduce((sum, dyno) => sum + wrongClasses(dyno), 0);
      return all === 0 ? '–' : `${((100 * (all - wrong)) / all).toFixed(1)} %`;
    },
    errors: ({ dynos }) => dynos.map((dyno) => wrongClasses(dyno) / Math.max(1, dyno.score.finalClasses.length)),
  },
  {
    head: 'recordings right',
    text: ({ recordings }) => `${recordings.filter(Boolean).length}/${recordings.length}`,
    errors: ({ recordings }) => recordings.map((isRight) => (isRight ? 0 : 1)),
  },
];

function wrongPerDay(head: string, families: readonly string[]): Column {
  const own = ({ dynos }: Outcome) => scoresOf(dynos, families);
  return {
    head,
    text: (outcome) => {
      const days = sum(own(outcome), ({ days }) => days);
      return days === 0 ? '–' : rate(sum(own(outcome), ({ wrong }) => wrong) / days);
    },
    errors: (outcome) => own(outcome).map(({ wrong }) => wrong),
  };
}

/** The mean over the families. */
function f1(head: string, families: readonly string[]): Column {
  return {
    head,
    text: ({ dynos }) => {
      const seen = families.map((family) => scoresOf(dynos, [family])).filter((scores) => scores.length > 0);
      const values = seen.map((scores) => f1Of(scores) ?? 1);
      return ratio(values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length);
    },
    errors: ({ dynos }) => scoresOf(dynos, families).map(({ wrong, missed }) => wrong + missed),
  };
}

function f1Of(scores: readonly DynoScore[]): number | null {
  const [right, wrong, missed] = [
    sum(scores, (score) => score.right),
    sum(scores, (score) => score.wrong),
    sum(scores, (score) => score.missed),
  ];
  return ratiosOf({ right, wrong, missed }).f1;
}

function wrongClasses({ family, score }: FamilyDyno): number {
  const { classes } = familyOf(family);
  return score.finalClasses.filter((name) => !classes.includes(name)).length;
}

function scoresOf(dynos: readonly FamilyDyno[], families: readonly string[]): readonly DynoScore[] {
  return dynos.filter(({ family }) => families.includes(family)).map(({ score }) => score);
}

function sum(scores: readonly DynoScore[], of: (score: DynoScore) => number): number {
  return scores.reduce((total, score) => total + of(score), 0);
}

/** Standard errors that a difference must be away from zero. */
const SURE_ERRORS = 2;

/** Whether the errors of two variants on the same dynos differ by more than chance: -1 fewer, 1 more, 0 as many. */
export function difference(before: readonly number[], after: readonly number[]): -1 | 0 | 1 {
  const changes = before.map((errors, index) => (after[index] ?? errors) - errors);
  const total = changes.reduce((all, change) => all + change, 0);
  const spread = Math.sqrt(changes.reduce((all, change) => all + change ** 2, 0));
  if (Math.abs(total) <= SURE_ERRORS * spread || spread === 0) return 0;
  return total > 0 ? 1 : -1;
}

/** Dynos on which two variants did not do the same. */
export function changedDynos(before: Outcome, after: Outcome): number {
  return before.dynos.filter(({ score }, index) => JSON.stringify(score) !== JSON.stringify(after.dynos[index]?.score))
    .length;
}
