import type { Candidate, Restarter, Sample } from '../restarter.ts';
import { TIDEMARK } from './tidemark.ts';

/** What Tidemark is without one of its means: what it is given is taken away, for its rules have no switches. */
export const ABLATIONS: readonly Candidate[] = [
  seeing('Tidemark without job counts', (sample) => ({ ...sample, activeJobs: null })),
  seeing('Tidemark without swap', (sample) => ({ ...sample, swapBytes: 0 })),
  { name: 'Tidemark without memory of earlier boots', start: () => new Forgetful() },
];

function seeing(name: string, change: (sample: Sample) => Sample): Candidate {
  const start = (): Restarter => {
    const own = TIDEMARK.start();
    return { observe: (sample) => own.observe(change(sample)), className: () => own.className() };
  };
  return { name, start };
}

/**
 * Each boot is the first it sees: no floor is learned, no restart judged by what came of it, and there is neither
 * cooldown nor budget.
 */
class Forgetful implements Restarter {
  #bootId = '';
  #own = TIDEMARK.start();

  observe(sample: Sample): boolean {
    if (sample.bootId !== this.#bootId) this.#own = TIDEMARK.start();
    this.#bootId = sample.bootId;
    return this.#own.observe(sample);
  }

  className(): string {
    return this.#own.className();
  }
}
