/** Up to this length a list is searched as fast as a set, and takes a fifth of the memory. */
const MAX_LISTED = 24;

/**
 * The sum over the series of one metric at one time (queues, job names, heap spaces). It knows its series, so that a
 * part that arrives in another request is added, and one that arrives twice is not.
 */
export class SeriesSum {
  /** NaN where one of its values was invalid: the sum cannot be known then. */
  total = 0;
  /** The id of each series, and its value behind it; once sealed the ids alone. One list: each has room to spare. */
  #list: number[] = [];
  #step = 2;
  #index: Set<number> | null = null;

  get size(): number {
    return this.#list.length / this.#step;
  }

  /** Adds one series; false where it is in the sum already. */
  add(id: number, value: number): boolean {
    if (this.#has(id)) return false;
    if (this.#step === 1) this.#list.push(id);
    else this.#append(id, value);
    this.#index?.add(id);
    this.total += value;
    return true;
  }

  /**
   * Most processes have one or two series, and what waits for a second outlives a collection of young objects: up to
   * two the list is exactly as long as it is.
   */
  #append(id: number, value: number): void {
    const list = this.#list;
    if (list.length === 0) this.#list = [id, value];
    else if (list.length === 2) this.#list = [list[0] as number, list[1] as number, id, value];
    else list.push(id, value);
  }

  /** Adds the series of another sum that are not in this one; returns how many those were. */
  addAll(other: SeriesSum): number {
    let added = 0;
    for (let at = 0; at < other.#list.length; at += 2) {
      if (this.add(other.#list[at] as number, other.#list[at + 1] as number)) added++;
    }
    if (Number.isNaN(other.total)) this.total = Number.NaN;
    return added;
  }

  /** Takes the total of a sum over the same series in the same order; false, and nothing done, where it is another. */
  replaceTotal(other: SeriesSum): boolean {
    const { size } = this;
    if (other.size !== size) return false;
    for (let at = 0; at < size; at++) if (this.#list[at * this.#step] !== other.#list[at * other.#step]) return false;
    this.total = other.total;
    return true;
  }

  /** Keeps the ids, which recognise repetitions, and drops the values: another sum may no longer add this one. */
  seal(): void {
    // Exactly as long as it is: a list that grew has room to spare.
    this.#list = Array.from({ length: this.size }, (_, at) => this.#list[at * this.#step] as number);
    this.#step = 1;
    this.#index = null;
  }

  #has(id: number): boolean {
    if (this.size <= MAX_LISTED) {
      for (let at = 0; at < this.#list.length; at += this.#step) if (this.#list[at] === id) return true;
      return false;
    }
    this.#index ??= new Set(this.#list.filter((_, at) => at % this.#step === 0));
    return this.#index.has(id);
  }
}
