/** Up to this length a list is searched as fast as a set, and takes a fifth of the memory. */
const MAX_LISTED = 24;

/**
 * The sum over the series of one metric at one time (queues, job names, heap spaces). It knows its series, so that a
 * part that arrives in another request is added, and one that arrives twice is not.
 */
export class SeriesSum {
  /** NaN where one of its values was invalid: the sum cannot be known then. */
  total = 0;
  #ids: number[] = [];
  #values: number[] = [];
  #index: Set<number> | null = null;

  get size(): number {
    return this.#ids.length;
  }

  /** Adds one series; false where it is in the sum already. */
  add(id: number, value: number): boolean {
    if (this.#has(id)) return false;
    this.#ids.push(id);
    this.#values.push(value);
    this.#index?.add(id);
    this.total += value;
    return true;
  }

  /** Adds the series of another sum that are not in this one; returns how many those were. */
  addAll(other: SeriesSum): number {
    let added = 0;
    for (let at = 0; at < other.#ids.length; at++) {
      if (this.add(other.#ids[at] as number, other.#values[at] as number)) added++;
    }
    if (Number.isNaN(other.total)) this.total = Number.NaN;
    return added;
  }

  /** Takes the total of a sum over the same series in the same order; false, and nothing done, where it is another. */
  replaceTotal(other: SeriesSum): boolean {
    if (other.#ids.length !== this.#ids.length) return false;
    for (let at = 0; at < this.#ids.length; at++) if (this.#ids[at] !== other.#ids[at]) return false;
    this.total = other.total;
    return true;
  }

  /** Keeps the ids, which recognise repetitions, and drops the values, which only `addAll` needs. */
  seal(): void {
    this.#values = [];
    this.#index = null;
    // Lists that grow have room for more, which this one needs no longer.
    this.#ids = this.#ids.slice();
  }

  #has(id: number): boolean {
    if (this.#ids.length <= MAX_LISTED) return this.#ids.includes(id);
    this.#index ??= new Set(this.#ids);
    return this.#index.has(id);
  }
}
