import { JOB_NAME_OTHER } from '../../semconv.ts';

/** Characters (UTF-16) of a job name that become an attribute. What a job is called is anybody's choice, up to whole documents. */
const MAX_NAME_LENGTH = 256;

/** Keeps the number of job names finite, and their length: the first `max` that are seen keep their name, all later ones share one. */
export class JobNames {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(fullName: string): string {
    const name = fullName.length <= MAX_NAME_LENGTH ? fullName : cut(fullName);
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return JOB_NAME_OTHER;
    this.#known.add(name);
    return name;
  }
}

/** Not in the middle of a pair of surrogates, which would be no text. */
function cut(name: string): string {
  const end = /[\uD800-\uDBFF]/.test(name[MAX_NAME_LENGTH - 1] ?? '') ? MAX_NAME_LENGTH - 1 : MAX_NAME_LENGTH;
  return name.slice(0, end);
}
