/** Characters (UTF-16) of a name that become an attribute. Anybody may choose a job's name, up to whole documents. */
const MAX_NAME_LENGTH = 256;

/**
 * Limits the number of names and their length: the first `max` names keep theirs, all later ones share one.
 */
export class BoundedNames {
  readonly #known = new Set<string>();
  readonly #max: number;
  readonly #other: string;

  /** @param other the name that all names beyond the first `max` share */
  constructor(max: number, other: string) {
    this.#max = max;
    this.#other = other;
  }

  of(fullName: string): string {
    const name = fullName.length <= MAX_NAME_LENGTH ? fullName : cut(fullName);
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return this.#other;
    this.#known.add(name);
    return name;
  }
}

/** Not between two surrogates: half a pair is not valid text. */
function cut(name: string): string {
  const end = /[\uD800-\uDBFF]/.test(name[MAX_NAME_LENGTH - 1] ?? '') ? MAX_NAME_LENGTH - 1 : MAX_NAME_LENGTH;
  return name.slice(0, end);
}
