const MOST_ROUNDS = 200;
/** Multiplications of one descent: a millisecond or two, in which the application's event loop stands still. */
const MOST_STEPS = 1_000_000;
/** The descent ends where no step of a round explains more than this share of the largest sum of changes. */
const SETTLED_SHARE = 1e-4;

/** The quadratic form `x'Ax - 2 b'x`, with `A` symmetric, row by row, `width` wide. */
export interface Quadratic {
  readonly A: Float64Array;
  readonly width: number;
  readonly b: Float64Array;
}

/**
 * Minimises `x'Ax - 2 b'x` over `x >= 0`, from `x` on and in it, by coordinate descent (the non-negative least squares of Lawson and Hanson, Solving
 * Least Squares Problems, 1974, where `A` and `b` are sums of products). What is left to explain, `b - Ax`, is kept up to date, so that what stays where it is
 * costs nothing: most unknowns are nought after the first rounds, and stay so.
 *
 * @param ridge each diagonal element counts so much more: keeps apart what is nearly the same
 */
export function descend({ A, width, b }: Quadratic, x: Float64Array, ridge: number): Float64Array {
  const size = x.length;
  const left = b.slice(0, size);
  const rowOf = (i: number) => A.subarray(i * width, i * width + size);
  let largest = 0;
  for (let i = 0; i < size; i += 1) {
    largest = Math.max(largest, Math.abs(b[i] ?? 0));
    subtract(left, rowOf(i), x[i] ?? 0);
  }
  let steps = size * size;
  for (let round = 0; round < MOST_ROUNDS && steps < MOST_STEPS; round += 1) {
    let moved = 0;
    for (let i = 0; i < size; i += 1) {
      const own = A[i * width + i] ?? 0;
      const before = x[i] ?? 0;
      const after = own === 0 ? 0 : Math.max(0, ((left[i] ?? 0) + own * before) / (own * (1 + ridge)));
      if (after === before) continue;
      moved = Math.max(moved, Math.abs(after - before) * own);
      x[i] = after;
      subtract(left, rowOf(i), after - before);
      steps += size;
    }
    if (moved <= SETTLED_SHARE * largest) break;
  }
  return x;
}

function subtract(from: Float64Array, row: Float64Array, times: number): void {
  if (times === 0) return;
  for (let i = 0; i < row.length; i += 1) from[i] = (from[i] ?? 0) - times * (row[i] ?? 0);
}

/** What the form is at `x`. */
export function valueAt({ A, width, b }: Quadratic, x: Float64Array): number {
  let value = 0;
  for (let i = 0; i < x.length; i += 1) {
    let product = 0;
    for (let j = 0; j < x.length; j += 1) product += (A[i * width + j] ?? 0) * (x[j] ?? 0);
    value += (x[i] ?? 0) * (product - 2 * (b[i] ?? 0));
  }
  return value;
}

/** `A` in a wider array. */
export function widened(A: Float64Array, width: number, to: number) {
  const wider = new Float64Array(to * to);
  for (let row = 0; row < width; row += 1) wider.set(A.subarray(row * width, (row + 1) * width), row * to);
  return wider;
}
