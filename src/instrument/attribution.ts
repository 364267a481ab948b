/**
 * Who made the process grow: a ledger of shares over readings of the process's RSS. It takes numbers only, reads nothing.
 *
 * Every reading is a boundary. The change since the last boundary belongs to the jobs that ran in between, in equal parts (whole
 * bytes: what does not divide evenly goes to the longest-running ones, a byte each), or to nobody while none ran. So at any time
 *
 *   sum of the shares of ended and running jobs + idle = last reading - first reading
 *
 * holds exactly, whatever the order of begins and ends. A share is signed: memory that was given back counts against the jobs
 * that ran while it was.
 */
export interface JobShare {
  /** RSS change that fell to this job, in bytes; negative where memory was given back. */
  readonly netBytes: number;
  /** No other job ran at any time of its life: its share is then its own doing, not an estimate. */
  readonly exclusive: boolean;
}

/** A running job's line in the ledger. Opaque: only `AttributionLedger` reads and writes it. */
export interface JobTicket {
  netBytes: number;
  exclusive: boolean;
}

export class AttributionLedger {
  readonly #running = new Set<JobTicket>();
  #lastRssBytes: number;
  #idleBytes = 0;

  /** @param rssBytes the first reading, against which all change is counted. */
  constructor(rssBytes: number) {
    this.#lastRssBytes = rssBytes;
  }

  /** A job starts. */
  begin(rssBytes: number): JobTicket {
    this.observe(rssBytes);
    const alone = this.#running.size === 0;
    if (this.#running.size === 1) for (const other of this.#running) other.exclusive = false;
    const ticket = { netBytes: 0, exclusive: alone };
    this.#running.add(ticket);
    return ticket;
  }

  /** A job ends. A ticket that has ended already gets what it got the first time. */
  end(ticket: JobTicket, rssBytes: number): JobShare {
    this.observe(rssBytes);
    this.#running.delete(ticket);
    return { netBytes: ticket.netBytes, exclusive: ticket.exclusive };
  }

  /** A reading between jobs' starts and ends. */
  observe(rssBytes: number): void {
    const changeBytes = rssBytes - this.#lastRssBytes;
    this.#lastRssBytes = rssBytes;
    if (changeBytes === 0) return;
    const count = this.#running.size;
    if (count === 0) {
      this.#idleBytes += changeBytes;
      return;
    }
    const evenBytes = Math.trunc(changeBytes / count);
    let restBytes = changeBytes - evenBytes * count;
    const byteOfRest = Math.sign(restBytes);
    for (const ticket of this.#running) {
      ticket.netBytes += evenBytes;
      if (restBytes === 0) continue;
      ticket.netBytes += byteOfRest;
      restBytes -= byteOfRest;
    }
  }

  /** The change while no job ran, since it was last taken. */
  takeIdleBytes(): number {
    const idleBytes = this.#idleBytes;
    this.#idleBytes = 0;
    return idleBytes;
  }
}
