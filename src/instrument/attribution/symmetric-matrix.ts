/**
 * A symmetric matrix that grows, for sums of products. Only the lower triangle is stored, row after row in one array:
 * this takes half the memory and half the additions of a square, and no row moves when the matrix grows. Single
 * precision halves the memory once more: an addition rounds by 1e-7 of the element, far below any ridge.
 */
export class SymmetricMatrix {
  #size = 0;
  #cells = new Float32Array(cellsOf(FIRST_ROOM));

  /** Grows to at least `size` rows and columns; new elements are zero. */
  grow(size: number): void {
    if (size <= this.#size) return;
    this.#size = size;
    if (cellsOf(size) <= this.#cells.length) return;
    // In powers of two: pages of the unused part are not touched.
    const cells = new Float32Array(cellsOf(2 ** Math.ceil(Math.log2(size))));
    cells.set(this.#cells);
    this.#cells = cells;
  }

  at(i: number, j: number): number {
    return this.#cells[place(i, j)] ?? 0;
  }

  /** Adds to the element and to its mirror image. */
  add(i: number, j: number, value: number): void {
    const at = place(i, j);
    this.#cells[at] = (this.#cells[at] ?? 0) + value;
  }

  /** Adds x x'. The first `count` of `values` are the non-zero elements of x, at the first `count` of `places`. */
  addProduct(places: Int32Array, values: Float64Array, count: number): void {
    const cells = this.#cells;
    for (let one = 0; one < count; one += 1) {
      const i = places[one] ?? 0;
      const value = values[one] ?? 0;
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

  /** Subtracts `factor` times row i from `vector`, which may be shorter than the row. */
  subtractRow(vector: Float64Array, i: number, factor: number): void {
    if (factor === 0) return;
    const { length } = vector;
    const cells = this.#cells;
    const before = Math.min(i + 1, length);
    let at = cellsOf(i);
    for (let j = 0; j < before; j += 1, at += 1) vector[j] = (vector[j] ?? 0) - factor * (cells[at] ?? 0);
    // From the diagonal down the column: each row is one longer than the one before.
    at += i;
    for (let j = i + 1; j < length; j += 1) {
      vector[j] = (vector[j] ?? 0) - factor * (cells[at] ?? 0);
      at += j + 1;
    }
  }

  /** The matrix in which unknowns whose places differ by a multiple of `size` are one: rows and columns are summed. */
  folded(size: number): SymmetricMatrix {
    const folded = new SymmetricMatrix();
    folded.grow(size);
    for (let i = 0; i < this.#size; i += 1) {
      const to = i % size;
      for (let j = 0; j <= i; j += 1) {
        const from = j % size;
        // An element off the diagonal stands for its mirror image too, and both fall on one element of the diagonal.
        folded.add(to, from, (i !== j && to === from ? 2 : 1) * this.at(i, j));
      }
    }
    return folded;
  }
}

const FIRST_ROOM = 16;

/** Cells of that many rows. */
function cellsOf(rows: number): number {
  return (rows * (rows + 1)) / 2;
}

function place(i: number, j: number): number {
  return i < j ? cellsOf(j) + i : cellsOf(i) + j;
}
