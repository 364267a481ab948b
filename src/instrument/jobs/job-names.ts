import { JOB_NAME_OTHER } from '../../semconv.ts';

/** Keeps the number of job names finite: the first `max` that are seen keep their name, all later ones share one. */
export class JobNames {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return JOB_NAME_OTHER;
    this.#known.add(name);
    return name;
  }
}
