import type { Candidate, Restarter, Sample } from '../restarter.ts';

/** A rule at work. */
export interface BootRule {
  sees(sample: Sample): boolean;
}

/**
 * A rule of another tool, with the settings to choose from: the same number for each, so that none is tuned harder than
 * another.
 */
export interface Baseline {
  readonly name: string;
  /** Where the rule comes from. */
  readonly source: string;
  readonly settings: readonly Readonly<Record<string, number>>[];
  /** Whether one start sees all boots of a dyno; else a new boot starts the rule again, as a new process would. */
  readonly remembersBoots?: boolean;
  start(setting: Readonly<Record<string, number>>): BootRule;
}

export const SETTINGS_EACH = 12;

export function candidateOf(baseline: Baseline, setting: Readonly<Record<string, number>>): Candidate {
  return {
    name: baseline.name,
    start: () => new OnTime(() => baseline.start(setting), baseline.remembersBoots === true),
  };
}

class OnTime implements Restarter {
  readonly #start: () => BootRule;
  readonly #remembersBoots: boolean;
  #bootId = '';
  #newestMs = Number.NEGATIVE_INFINITY;
  #rule: BootRule;

  constructor(start: () => BootRule, remembersBoots: boolean) {
    this.#start = start;
    this.#remembersBoots = remembersBoots;
    this.#rule = start();
  }

  observe(sample: Sample): boolean {
    if (sample.bootId !== this.#bootId) {
      this.#bootId = sample.bootId;
      this.#newestMs = Number.NEGATIVE_INFINITY;
      if (!this.#remembersBoots) this.#rule = this.#start();
    }
    // None of the rules is fed late samples where it lives: it measures its own process.
    if (sample.timeMs <= this.#newestMs) return false;
    this.#newestMs = sample.timeMs;
    return this.#rule.sees(sample);
  }
}

type Axes = Readonly<Record<string, readonly number[]>>;

/** Every combination of the values on the axes. */
export function grid(axes: Axes): readonly Readonly<Record<string, number>>[] {
  return Object.entries(axes).reduce<readonly Record<string, number>[]>(
    (settings, [name, values]) => settings.flatMap((setting) => values.map((value) => ({ ...setting, [name]: value }))),
    [{}],
  );
}

/** A setting that the grid has put there. */
export function value(setting: Readonly<Record<string, number>>, name: string): number {
  const found = setting[name];
  if (found === undefined) throw new Error(`the setting has no ${name}`);
  return found;
}
