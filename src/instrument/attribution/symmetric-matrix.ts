/**
 * A symmetric matrix that grows, for sums of products. The lower triangle is all that is kept, row after row in one
 * array: half the memory and half the additions of a square, and no row moves within it when the matrix grows. In
 * single precision, which halves the memory once more: each addition rounds by 1e-7 of the element, little next to any
 * ridge.
 */
export class SymmetricMatrix {
  #size = 0;
  #cells = new Float32Array(cellsOf(FIRST_ROOM));

  /** To `size` rows and columns at least; new elements are zero. */
  grow(size: number): void {
    if (size <= this.#size) return;
    this.#size = size;
    if (cellsOf(size) <= this.#cells.length) return;
    // In powers of two; of what is not used yet no page is touched.
    const cells = new Float32Array(cellsOf(2 ** Math.ceil(Math.log2(size))));
    cells.set(this.#cells);
    this.#cells = cells;
  }

  at(i: number, j: number): number {
    return this.#cells[place(i, j)] ?? 0;
  }

  /** To the element and its mirror image. */
  add(i: number, j: number, value: number): void {
    const at = place(i, j);
    this.#cells[at] = (this.#cells[at] ?? 0) + value;
  }

  /** Adds x x', where the first `count` of `values`, at as many `places`, are all elements of x that are not zero. */
  addProduct(places: Int32Array, values: Float64Array, count: number): void {
    const cells = this.#cells;
    for (let one = 0; one < count; one += 1) {
      const [i, value] = [places[one] ?? 0, values[one] ?? 0];
      for (let other = 0; other <= one; other += 1) {
        const at = place(i, places[other] ?? 0);
        cells[at] = (cells[at] ?? 0) + value * (values[other] ?? 0);
      }
    }
  }

  scale(factor: number): void {
    const used = cellsOf(this.#size);
    for (let at = 0; at < used; at += 1) this.#cells[at] = (this.#cells[at] ?? 0) * factor;
  }

  /** `vector - factor x` row i, in `vector`, as far as that reaches. */
  subtractRow(vector: Float64Array, i: number, factor: number): void {
    if (factor === 0) return;
    const { length } = vector;
    const cells = this.#cells;
    const before = Math.min(i + 1, length);
    let at = cellsOf(i);
    for (let j = 0; j < before; j += 1, at += 1) vector[j] = (vector[j] ?? 0) - factor * (cells[at] ?? 0);
    // From the diagonal on down the column: each row is one longer than the one before.
    at += i;
    for (let j = i + 1; j < length; j += 1) {
      vector[j] = (vector[j] ?? 0) - factor * (cells[at] ?? 0);
      at += j + 1;
    }
  }

  /** As if unknowns whose places differ by a multiple of `size` were one: their rows and columns are summed up. */
  folded(size: number): SymmetricMatrix {
    const folded = new SymmetricMatrix();
    folded.grow(size);
    for (let i = 0; i < this.#size; i += 1) {
      const to = i % size;
      for (let j = 0; j <= i; j += 1) {
        const from = j % size;
        // What lies off the diagonal stands for its mirror image too, which falls on the same element if that is on the
        // diagonal.
        folded.add(to, from, (i !== j && to === from ? 2 : 1) * this.at(i, j));
      }
    }
    return folded;
  }
}

const FIRST_ROOM = 16;

/** Of that many rows. */
function cellsOf(rows: number): number {
  return (rows * (rows + 1)) / 2;
}

function place(i: number, j: number): number {
  return i < j ? cellsOf(j) + i : cellsOf(i) + j;
}
