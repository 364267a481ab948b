import type { Candidate } from './restarter.ts';
import { ABLATIONS } from './restarters/ablations.ts';
import { COUNTER_RULES } from './restarters/counters.ts';
import { LEVEL_RULES } from './restarters/levels.ts';
import { type Baseline, candidateOf } from './restarters/rule.ts';
import { SUSTAINED } from './restarters/sustained.ts';
import { TIDEMARK } from './restarters/tidemark.ts';
import { TREND_RULES } from './restarters/trends.ts';
import type { DetectorChange } from './restarters/tuned.ts';

export const BASELINES: readonly Baseline[] = [...LEVEL_RULES, SUSTAINED, ...COUNTER_RULES, ...TREND_RULES];

/** Names a rule and one of its settings, so that another thread can start it. */
export interface CandidateKey {
  readonly name: string;
  /** Which of a baseline's settings. */
  readonly setting: number;
  /** What is different in Tidemark's detector while the rule runs. */
  readonly change?: DetectorChange;
}

export const TIDEMARK_KEY: CandidateKey = { name: TIDEMARK.name, setting: 0 };

export const ABLATION_KEYS: readonly CandidateKey[] = ABLATIONS.map(({ name }) => ({ name, setting: 0 }));

export function candidateFor({ name, setting }: CandidateKey): Candidate {
  const own = [TIDEMARK, ...ABLATIONS].find((candidate) => candidate.name === name);
  if (own !== undefined) return own;
  const baseline = BASELINES.find((other) => other.name === name);
  const chosen = baseline?.settings[setting];
  if (baseline === undefined || chosen === undefined) throw new RangeError(`no rule ${name} with a setting ${setting}`);
  return candidateOf(baseline, chosen);
}
