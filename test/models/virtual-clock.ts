import type { Clock } from '../../src/ports.ts';

/** Time that passes only when a test says so. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }
}
