import { firstOver, isNamedFromHalfway, LIMIT, WARM_MIN } from './floors.ts';
import { type BootRecord, CYCLE, CYCLE_JITTER, type Episode } from './simulate.ts';

/** The limits that a restart is judged by, as fractions of the quota: the defaults of the settings. */
const SOFT = 0.8;
/** Bloat over the soft limit for less than this before its boot ends anyway does not count as missed. Minutes. */
const MIN_BLOAT_MIN = 120;
/** Maximum restarts of a dyno in the loop family; after them, advice. */
export const LOOP_RESTARTS = 2;

type Verdict =
  /** Restarted as it should. */
  | 'right'
  /** Restarted though it should not, or too late. */
  | 'wrong'
  /** Not restarted in time though it should. */
  | 'missed'
  /** Left alone, and rightly. */
  | 'left'
  /**
   * Cut short by the end of the episode or a deployment, or dependent on the jitter of the platform's cycle: not
   * counted.
   */
  | 'open';

export interface BootScore {
  readonly verdicts: readonly Verdict[];
  /**
   * Of a right restart of a leak: minutes before the floor is at the limit, and the fraction of the uptime until then
   * that was given up.
   */
  readonly leadMin: number | null;
  readonly wasted: number | null;
  /** Of a right restart of bloat: minutes since the floor passed the soft limit. */
  readonly delayMin: number | null;
  /** Minutes from the onset of a leak to the class. */
  readonly classDelayMin: number | null;
}

/**
 * A restart was useless if `USELESS_MIN` minutes after the next boot's start its floor is as high again, within this
 * fraction of the quota.
 */
const USELESS_MIN = 30;
const USELESS_FRACTION = 0.1;

const NO_FIGURES = { leadMin: null, wasted: null, delayMin: null, classDelayMin: null };

/** Judges one boot by what would have become of it: the simulator knows its floor at every later minute. */
export function scoreBoot(boot: BootRecord, duty: Episode['family']['duty']): BootScore {
  const restarted = boot.endedBy === 'restart';
  const plain = (verdict: Verdict): BootScore => ({ ...NO_FIGURES, verdicts: [verdict] });
  if (duty === 'leave') return plain(restarted ? 'wrong' : 'left');
  if (duty === 'loop') return plain(restarted ? 'open' : 'left');
  if (duty === 'growth-under-load') return scoreUnderLoad(boot);
  return duty === 'bloat' ? scoreBloat(boot) : scoreLeak(boot);
}

function scoreBloat(boot: BootRecord): BootScore {
  const life = boot.wouldEndMin - boot.startMin;
  const uptime = boot.endMin - boot.startMin;
  const overAt = firstOver(boot, SOFT, life);
  if (boot.endedBy === 'restart') {
    const right = overAt !== null && overAt <= uptime;
    return { ...NO_FIGURES, verdicts: [right ? 'right' : 'wrong'], delayMin: right ? uptime - overAt : null };
  }
  if (overAt === null || uptime - overAt < MIN_BLOAT_MIN)
    return { ...NO_FIGURES, verdicts: [overAt === null ? 'left' : 'open'] };
  return { ...NO_FIGURES, verdicts: ['missed'] };
}

function scoreLeak(boot: BootRecord): BootScore {
  const uptime = boot.endMin - boot.startMin;
  const crossing = firstOver(boot, LIMIT, CYCLE + CYCLE_JITTER);
  const leakClass = boot.classes.find(
    ({ className, uptime }) => className === 'leak' && uptime >= (boot.model.onset ?? 0),
  );
  const classDelayMin = leakClass === undefined ? null : leakClass.uptime - (boot.model.onset ?? 0);
  const figures = { ...NO_FIGURES, classDelayMin };
  const inJitter = crossing !== null && crossing >= CYCLE;
  if (boot.endedBy === 'restart') {
    if (inJitter && uptime <= crossing) return { ...figures, verdicts: ['open'] };
    if (crossing === null) return { ...figures, verdicts: ['wrong'] };
    if (uptime > crossing) return { ...figures, verdicts: ['missed', 'wrong'] };
    return { ...figures, verdicts: ['right'], leadMin: crossing - uptime, wasted: 1 - uptime / crossing };
  }
  if (crossing === null) return { ...figures, verdicts: ['left'] };
  if (uptime < crossing || inJitter) return { ...figures, verdicts: ['open'] };
  return { ...figures, verdicts: ['missed'] };
}

/** What a restart must give back at equal load, as a fraction of the quota, immediately and still an hour later. */
const WORTH = 0.1;
const STILL_WORTH_MIN = 60;
/**
 * Usage must be over the soft limit within this time before or after a restart for the restart to be justified.
 * Minutes.
 */
const NEAR_MIN = 60;
/** A floor over the soft limit for longer than this, or at the limit, without any load, counts as missed. Minutes. */
const MIN_UNDER_LOAD_MIN = MIN_BLOAT_MIN;

/**
 * By the counterfactual at equal load: running jobs hold the same in a fresh boot, so a restart gives back only the
 * growth of the floor. Between the time when that is worth it and the time when the floor alone is too high, restarting
 * and waiting are both right.
 */
function scoreUnderLoad(boot: BootRecord): BootScore {
  const uptime = boot.endMin - boot.startMin;
  const { model } = boot;
  const fresh = model.floor(WARM_MIN);
  const dueAt = Math.min(
    (firstOver(boot, SOFT, uptime) ?? Number.POSITIVE_INFINITY) + MIN_UNDER_LOAD_MIN,
    firstOver(boot, LIMIT, uptime) ?? Number.POSITIVE_INFINITY,
  );
  const plain = (verdict: Verdict): BootScore => ({ ...NO_FIGURES, verdicts: [verdict] });
  if (boot.endedBy !== 'restart') return plain(uptime >= dueAt ? 'missed' : 'left');
  const isWorthIt = model.floor(uptime) - Math.max(fresh, model.floor(STILL_WORTH_MIN)) >= WORTH;
  const highest = Math.max(
    ...Array.from({ length: 2 * NEAR_MIN + 1 }, (_, minute) => {
      const at = Math.max(0, uptime - NEAR_MIN + minute);
      return model.floor(at) + (model.load?.(boot.startMin + at) ?? 0);
    }),
  );
  if (!isWorthIt || highest < SOFT) return plain('wrong');
  return uptime > dueAt ? { ...NO_FIGURES, verdicts: ['missed', 'right'] } : plain('right');
}

/** Whether a restart gave almost nothing back, or not for long. Judged by the floors alone, which no rule can see. */
function wasUseless(boot: BootRecord, next: BootRecord | undefined): boolean {
  if (boot.endedBy !== 'restart' || next === undefined) return false;
  return boot.model.floor(boot.endMin - boot.startMin) - next.model.floor(USELESS_MIN) < USELESS_FRACTION;
}

/** Of one dyno. */
export interface DynoScore {
  readonly days: number;
  readonly restarts: number;
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  /** Restarts that gave almost nothing back, or not for long. */
  readonly useless: number;
  readonly leadsMin: readonly number[];
  readonly wasted: readonly number[];
  readonly delaysMin: readonly number[];
  readonly classDelaysMin: readonly number[];
  /** Of each boot whose leak got half way to the limit: whether it was called `leak` nearly always after that. */
  readonly namedFromHalfway: readonly boolean[];
  /** The class in force at the end of each boot of six hours and more. */
  readonly finalClasses: readonly string[];
}

const MIN_UPTIME_FOR_CLASS_MIN = 360;

export function scoreDyno(episode: Episode): DynoScore {
  const { family, boots } = episode;
  const scores = boots.map((boot) => scoreBoot(boot, family.duty));
  const verdicts = scores.flatMap((score) => score.verdicts);
  const restarts = boots.filter((boot) => boot.endedBy === 'restart').length;
  const count = (verdict: Verdict) => verdicts.filter((other) => other === verdict).length;
  const tooMany = family.duty === 'loop' ? Math.max(0, restarts - LOOP_RESTARTS) : 0;
  return {
    days: family.days,
    restarts,
    right: count('right'),
    wrong: count('wrong') + tooMany,
    missed: count('missed'),
    useless: boots.filter((boot, index) => wasUseless(boot, boots[index + 1])).length,
    leadsMin: present(scores.map(({ leadMin }) => leadMin)),
    wasted: present(scores.map(({ wasted }) => wasted)),
    delaysMin: present(scores.map(({ delayMin }) => delayMin)),
    classDelaysMin: present(scores.map(({ classDelayMin }) => classDelayMin)),
    namedFromHalfway: family.duty === 'leak' ? present(boots.map(isNamedFromHalfway)) : [],
    finalClasses: boots.flatMap((boot) => {
      const last = boot.classes.at(-1);
      return last !== undefined && boot.endMin - boot.startMin >= MIN_UPTIME_FOR_CLASS_MIN ? [last.className] : [];
    }),
  };
}

function present<T>(values: readonly (T | null)[]): readonly T[] {
  return values.filter((value) => value !== null);
}

/** A family's totals over its dynos. A ratio is null if there was nothing to count. */
export interface FamilyScore {
  readonly family: string;
  readonly dynos: number;
  readonly days: number;
  readonly restarts: number;
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  /**
   * Restarts that gave almost nothing back, or not for long, including those of a loop that no rule could have avoided.
   */
  readonly useless: number;
  /** Wrong restarts per dyno-day: of a family to be left alone, its false restarts. */
  readonly wrongPerDay: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  /** 95 %, by bootstrap over dynos. */
  readonly f1Interval: readonly [number, number] | null;
  readonly leadMedianMin: number | null;
  readonly leadP10Min: number | null;
  readonly wastedMedian: number | null;
  readonly delayMedianMin: number | null;
  readonly classDelayMedianMin: number | null;
  /** The fraction of leaks that are called `leak` from half of their way on. */
  readonly namedFromHalfway: number | null;
  readonly maxRestartsOfADyno: number;
  readonly finalClasses: Readonly<Record<string, number>>;
}

export function scoreFamily(family: string, dynos: readonly DynoScore[], unit: () => number): FamilyScore {
  const counts = countsOf(dynos);
  const days = dynos.reduce((total, dyno) => total + dyno.days, 0);
  const sum = (of: (dyno: DynoScore) => number) => dynos.reduce((total, dyno) => total + of(dyno), 0);
  const leads = dynos.flatMap(({ leadsMin }) => leadsMin);
  const named = dynos.flatMap(({ namedFromHalfway }) => namedFromHalfway);
  const finalClasses: Record<string, number> = {};
  for (const name of dynos.flatMap((dyno) => dyno.finalClasses)) finalClasses[name] = (finalClasses[name] ?? 0) + 1;
  return {
    family,
    dynos: dynos.length,
    days,
    restarts: sum(({ restarts }) => restarts),
    ...counts,
    useless: sum(({ useless }) => useless),
    wrongPerDay: counts.wrong / Math.max(1, days),
    ...ratiosOf(counts),
    f1Interval: bootstrap(dynos, unit),
    leadMedianMin: quantile(leads, 0.5),
    leadP10Min: quantile(leads, 0.1),
    wastedMedian: quantile(
      dynos.flatMap(({ wasted }) => wasted),
      0.5,
    ),
    delayMedianMin: quantile(
      dynos.flatMap(({ delaysMin }) => delaysMin),
      0.5,
    ),
    classDelayMedianMin: quantile(
      dynos.flatMap(({ classDelaysMin }) => classDelaysMin),
      0.5,
    ),
    namedFromHalfway: named.length === 0 ? null : named.filter(Boolean).length / named.length,
    maxRestartsOfADyno: Math.max(0, ...dynos.map(({ restarts }) => restarts)),
    finalClasses,
  };
}

interface Counts {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

function countsOf(dynos: readonly Counts[]): Counts {
  const sum = (of: (dyno: Counts) => number) => dynos.reduce((total, dyno) => total + of(dyno), 0);
  return { right: sum(({ right }) => right), wrong: sum(({ wrong }) => wrong), missed: sum(({ missed }) => missed) };
}

export function ratiosOf({ right, wrong, missed }: Counts): Pick<FamilyScore, 'precision' | 'recall' | 'f1'> {
  const share = (of: number, all: number) => (all === 0 ? null : of / all);
  return {
    precision: share(right, right + wrong),
    recall: share(right, right + missed),
    f1: share(2 * right, 2 * right + wrong + missed),
  };
}

const RESAMPLES = 500;

function bootstrap(dynos: readonly Counts[], unit: () => number): readonly [number, number] | null {
  const values: number[] = [];
  for (let round = 0; round < RESAMPLES; round += 1) {
    const drawn = dynos.map(() => dynos[Math.floor(unit() * dynos.length)] ?? { right: 0, wrong: 0, missed: 0 });
    const { f1 } = ratiosOf(countsOf(drawn));
    if (f1 !== null) values.push(f1);
  }
  const low = quantile(values, 0.025);
  const high = quantile(values, 0.975);
  return low === null || high === null ? null : [low, high];
}

function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}
