import type { SymmetricMatrix } from './symmetric-matrix.ts';

const MAX_ROUNDS = 200;
/** Multiplications of one descent: a millisecond or two, in which the application's event loop stands still. */
const MAX_STEPS = 1_000_000;
/** The descent ends after a round that improves the fit by no more than this fraction of what is explained. */
const SETTLED_FRACTION = 1e-8;

/** The quadratic form `x'Ax - 2 b'x`. `A` and `b` may reach further than `x`: what lies beyond counts nothing. */
export interface Quadratic {
  readonly A: SymmetricMatrix;
  readonly b: Float64Array;
}

/**
 * Minimises `x'Ax - 2 b'x` over `x >= 0`, from `x` on and in it, by coordinate descent (the non-negative least squares
 * of Lawson and Hanson, Solving Least Squares Problems, 1974, where `A` and `b` are sums of products). What is left to
 * explain, `b - Ax`, is kept up to date, so that what stays where it is costs nothing: most unknowns are zero after the
 * first rounds, and stay zero.
 *
 * @param ridge each diagonal element counts so much more: keeps apart what is nearly the same
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
