export interface Clock {
  /** Unix ms, for people and for the age of points. */
  now(): number;
  /** Monotonic ms, for deadlines: it never jumps, and continues while the process is suspended. */
  monotonic(): number;
}
