import type { NameAccount } from './name-account.ts';

export interface JobShare {
  /** RSS change that fell to this job, in bytes; negative where memory was given back. */
  readonly netBytes: number;
  /** The highest that its share stood at while it ran or at its end; 0 where it never was up. */
  readonly peakBytes: number;
  /** What of its change is nobody else's and has not been taken otherwise: bytes that its name gets from it. */
  readonly ownBytes: number;
  /** No other job ran at any time of its life: its share is then its own doing, not an estimate. */
  readonly exclusive: boolean;
}

/** The place of a ticket whose job has ended. */
export const ENDED = -1;

/** A running job's line in the ledger, and what it comes to. But for that it is opaque: only the ledger reads and writes it. */
export class JobTicket implements JobShare {
  readonly account: NameAccount;
  /** Among the running ones. */
  place: number;
  exclusive: boolean;
  ownBytes = 0;
  readonly #startBytes: number;
  #endBytes = 0;
  #peakBytes = 0;

  constructor(account: NameAccount, place: number) {
    this.account = account;
    this.place = place;
    this.exclusive = place === 0;
    this.#startBytes = account.bytesPerJob;
  }

  get netBytes(): number {
    return Math.round(this.#shareBytes());
  }

  get peakBytes(): number {
    return Math.round(this.#peakBytes);
  }

  notePeak(): void {
    const shareBytes = this.#shareBytes();
    if (shareBytes > this.#peakBytes) this.#peakBytes = shareBytes;
  }

  close(): void {
    this.notePeak();
    this.#endBytes = this.account.bytesPerJob;
    this.place = ENDED;
  }

  #shareBytes(): number {
    return (this.place === ENDED ? this.#endBytes : this.account.bytesPerJob) - this.#startBytes;
  }
}
