/**
 * A symmetric matrix that grows, for sums of products. The lower triangle is all that is kept, each row by itself: half the memory and half the
 * additions of a square, and nothing is moved when it grows.
 */
export class SymmetricMatrix {
  readonly #rows: Float64Array[] = [];

  /** To `size` rows and columns at least; what is new is nought. */
  grow(size: number): void {
    while (this.#rows.length < size) this.#rows.push(new Float64Array(this.#rows.length + 1));
  }

  at(i: number, j: number): number {
    return (i < j ? this.#rows[j]?.[i] : this.#rows[i]?.[j]) ?? 0;
  }

  /** To the element and its mirror image. */
  add(i: number, j: number, value: number): void {
    const [row, column] = i < j ? [this.#rows[j], i] : [this.#rows[i], j];
    if (row !== undefined) row[column] = (row[column] ?? 0) + value;
  }

  /** Adds x x', where the first `count` of `values`, at as many `places`, are all of x that is not nought. */
  addProduct(places: Int32Array, values: Float64Array, count: number): void {
    const rows = this.#rows;
    for (let one = 0; one < count; one += 1) {
      const [i, value] = [places[one] ?? 0, values[one] ?? 0];
      for (let other = 0; other <= one; other += 1) {
        const j = places[other] ?? 0;
        const product = value * (values[other] ?? 0);
        const row = rows[Math.max(i, j)] as Float64Array;
        const column = Math.min(i, j);
        row[column] = (row[column] ?? 0) + product;
      }
    }
  }

  scale(factor: number): void {
    for (const row of this.#rows) for (let j = 0; j < row.length; j += 1) row[j] = (row[j] ?? 0) * factor;
  }

  /** `vector - factor x` row i, in `vector`, as far as that reaches. */
  subtractRow(vector: Float64Array, i: number, factor: number): void {
    if (factor === 0) return;
    const { length } = vector;
    const row = this.#rows[i] as Float64Array;
    const before = Math.min(row.length, length);
    for (let j = 0; j < before; j += 1) vector[j] = (vector[j] ?? 0) - factor * (row[j] ?? 0);
    for (let j = row.length; j < length; j += 1) vector[j] = (vector[j] ?? 0) - factor * (this.#rows[j]?.[i] ?? 0);
  }

  copy(): SymmetricMatrix {
    const copied = new SymmetricMatrix();
    for (const row of this.#rows) copied.#rows.push(row.slice());
    return copied;
  }

  /** As if unknowns whose places differ by a multiple of `size` were one: their rows and columns are summed up. */
  folded(size: number): SymmetricMatrix {
    const folded = new SymmetricMatrix();
    folded.grow(size);
    for (let i = 0; i < this.#rows.length; i += 1) {
      const row = this.#rows[i] as Float64Array;
      const to = i % size;
      for (let j = 0; j <= i; j += 1) {
        const from = j % size;
        // What lies off the diagonal stands for its mirror image too, which falls on the same element if that is on the diagonal.
        folded.add(to, from, (i !== j && to === from ? 2 : 1) * (row[j] ?? 0));
      }
    }
    return folded;
  }
}
