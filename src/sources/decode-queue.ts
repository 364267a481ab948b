import type { DecodeLimits } from './limits.ts';

interface Waiting {
  readonly sinceMs: number;
  /** Does the work if it is in time, else answers that it waited for too long. Does not throw. */
  readonly settle: (isInTime: boolean) => void;
}

/**
 * Work that holds the event loop, one piece at a time: the senders take turns, and so does everything else that the
 * process does. A sender with a thousand requests delays another one's by one of them, not by a thousand. After each
 * piece comes a rest as long as the piece was: answering a request takes several turns of the loop, and at most every
 * other millisecond goes to decoding.
 */
export class DecodeQueue {
  readonly #limits: DecodeLimits;
  readonly #nowMs: () => number;
  /** By sender; the one whose turn is next comes first. */
  readonly #waiting = new Map<string, Waiting[]>();
  #isTurnDue = false;
  #endsRestAtMs = 0;

  /** @param nowMs a clock that never goes back */
  constructor(limits: DecodeLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Resolves to what `work` returns; null, and `work` not done, where the sender has too much waiting. */
  run<T>(senderId: string, work: () => T): Promise<T | null> {
    const ofSender = this.#waiting.get(senderId) ?? [];
    if (ofSender.length >= this.#limits.maxWaitingOfSender) return Promise.resolve(null);
    this.#waiting.set(senderId, ofSender);
    return new Promise((resolve, reject) => {
      const settle = (isInTime: boolean) => {
        try {
          resolve(isInTime ? work() : null);
        } catch (error) {
          reject(error);
        }
      };
      ofSender.push({ sinceMs: this.#nowMs(), settle });
      this.#plan();
    });
  }

  #plan(): void {
    if (this.#isTurnDue || this.#waiting.size === 0) return;
    this.#isTurnDue = true;
    const restMs = this.#endsRestAtMs - this.#nowMs();
    if (restMs < 1) setImmediate(this.#turn);
    else setTimeout(this.#turn, restMs);
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false;
    const startMs = this.#nowMs();
    for (const [senderId, [next, ...rest]] of this.#waiting) {
      // Behind all others.
      this.#waiting.delete(senderId);
      if (rest.length > 0) this.#waiting.set(senderId, rest);
      next?.settle(startMs - next.sinceMs <= this.#limits.maxWaitMs);
      break;
    }
    const endMs = this.#nowMs();
    this.#endsRestAtMs = endMs + (endMs - startMs);
    this.#plan();
  };
}
