import type { SymmetricMatrix } from './symmetric-matrix.ts';

const MAX_ROUNDS = 200;
/** Multiplications in one descent: a millisecond or two, in which the application's event loop is blocked. */
const MAX_STEPS = 1_000_000;
/** The descent ends after a round that improves the fit by at most this fraction of what is explained. */
const SETTLED_FRACTION = 1e-6;

/** The quadratic form `x'Ax - 2 b'x`. `A` and `b` may be larger than `x`; the rest is ignored. */
export interface Quadratic {
  readonly A: SymmetricMatrix;
  readonly b: Float64Array;
}

/**
 * Minimises `x'Ax - 2 b'x` over `x >= 0` by coordinate descent, starting from `x` and writing the result into it. This
 * is non-negative least squares (Lawson and Hanson, Solving Least Squares Problems, 1974) on sums of products. The
 * residual `b - Ax` is kept up to date, so an unknown that does not change costs nothing: most are zero after the first
 * rounds, and stay zero.
 *
 * @param ridge the fraction by which each diagonal element counts more, so that nearly equal unknowns stay apart
 * @param maxOf the largest value that the unknown may have now; no limit by default
 */
export function descend(
  { A, b }: Quadratic,
  x: Float64Array,
  ridge: number,
  maxOf: (unknown: number) => number = unlimited,
): Float64Array {
  const size = x.length;
  const left = b.slice(0, size);
  for (let i = 0; i < size; i += 1) A.subtractRow(left, i, x[i] ?? 0);
  let steps = size * size;
  for (let round = 0; round < MAX_ROUNDS && steps < MAX_STEPS; round += 1) {
    let improved = 0;
    let explained = 0;
    for (let i = 0; i < size; i += 1) {
      const own = A.at(i, i);
      const before = x[i] ?? 0;
      const best = own === 0 ? 0 : ((left[i] ?? 0) + own * before) / (own * (1 + ridge));
      const after = Math.max(0, Math.min(best, maxOf(i)));
      explained += (b[i] ?? 0) * after;
      if (after === before) continue;
      improved += (after - before) ** 2 * own;
      x[i] = after;
      A.subtractRow(left, i, after - before);
      steps += size;
    }
    if (improved <= SETTLED_FRACTION * explained) break;
  }
  return x;
}

function unlimited(): number {
  return Number.POSITIVE_INFINITY;
}
