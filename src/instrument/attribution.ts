import { NameRates } from './name-rates.ts';

/**
 * Who made the process grow: a ledger over readings of the process's RSS. It takes numbers only, reads nothing.
 *
 * Between two readings the jobs that ran are known. Where none did, the change is nobody's; where jobs of one name did, it is that name's: both
 * exact. Where several names overlapped, it goes into a common pool, and how much of the pool each name made is estimated from which names
 * were running while memory changed (`NameRates`). The pool is parted anew at each `take`, by all that has been seen up to then, and
 * what changed by it is handed out as a signed correction, so that at any time
 *
 *   sum of all that was ever taken + what running jobs hold = last reading - first reading
 *
 * holds exactly, whatever the order of begins and ends. What was seen fades with a half-life of half an hour: names may change their ways, and
 * what is older than some half-lives is not corrected any more.
 */
export class AttributionLedger {
  readonly #rates = new NameRates();
  readonly #names: NameAccount[] = [];
  /** Those with jobs in the interval since the last reading that closed one. */
  readonly #active: NameAccount[] = [];
  readonly #running = new Set<JobTicket>();
  #lastRssBytes: number;
  #openedAtMs: number;
  #fadedAtMs: number;
  #idleBytes = 0;
  /** What overlapping names changed, faded; and the part of it that has not been parted yet, in whole bytes. */
  #poolBytes = 0;
  #unpartedBytes = 0;
  #indexes = new Int32Array(16);
  #counts = new Float64Array(16);

  /**
   * @param rssBytes the first reading, against which all change is counted
   * @param nowMs monotonic, as all times here
   */
  constructor(rssBytes: number, nowMs: number) {
    this.#lastRssBytes = rssBytes;
    this.#openedAtMs = nowMs;
    this.#fadedAtMs = nowMs;
  }

  /** An account for another name. */
  open(): NameAccount {
    const account = new NameAccount(this.#names.length);
    this.#names.push(account);
    return account;
  }

  /** A job starts. */
  begin(account: NameAccount, rssBytes: number, nowMs: number): JobTicket {
    this.observe(rssBytes, nowMs);
    if (this.#running.size === 1) for (const other of this.#running) other.exclusive = false;
    const ticket = new JobTicket(account, this.#running.size === 0);
    this.#running.add(ticket);
    this.#activate(account);
    account.change(1, nowMs);
    return ticket;
  }

  /** A job ends. A ticket that has ended already gets what it got the first time. */
  end(ticket: JobTicket, rssBytes: number, nowMs: number): JobShare {
    this.observe(rssBytes, nowMs);
    if (this.#running.delete(ticket)) {
      ticket.account.change(-1, nowMs);
      ticket.close();
    }
    return ticket.share();
  }

  /** A reading between jobs' starts and ends. */
  observe(rssBytes: number, nowMs: number): void {
    if (rssBytes === this.#lastRssBytes && nowMs - this.#openedAtMs < LEAST_INTERVAL_MS) return;
    const changeBytes = rssBytes - this.#lastRssBytes;
    const durationMs = Math.max(0, nowMs - this.#openedAtMs);
    this.#lastRssBytes = rssBytes;
    this.#openedAtMs = nowMs;
    // What is given back now may have been a peak of those that run.
    if (changeBytes <= -NOTABLE_DROP_BYTES) this.notePeaks();
    if (!this.#share(changeBytes, durationMs, nowMs)) this.#idleBytes += changeBytes;
  }

  /** Notes how far the jobs that run are up: for a peak between the start and the end of a long one. */
  notePeaks(): void {
    for (const ticket of this.#running) ticket.notePeak();
  }

  get runningJobs(): number {
    return this.#running.size;
  }

  /** The change while no job ran, since it was last taken. */
  takeIdleBytes(): number {
    const idleBytes = this.#idleBytes;
    this.#idleBytes = 0;
    return idleBytes;
  }

  /** Parts the pool by what is known now. What each account gets, beside what its jobs had for themselves, is in its `takeBytes()`. */
  part(nowMs: number): void {
    const share = 0.5 ** ((nowMs - this.#fadedAtMs) / HALF_LIFE_MS);
    this.#fadedAtMs = nowMs;
    this.#poolBytes += this.#unpartedBytes;
    const direction = this.#poolBytes < 0 ? -1 : 1;
    const rates = this.#rates.solve(direction);
    // For the estimates of single jobs until the next time; memory that grows tells more of who makes it grow.
    const growing = direction === 1 ? rates : this.#rates.solve(1);
    for (const account of this.#names) account.bytesPerMs = growing[account.index] ?? 0;
    this.#handOut((account) => (rates[account.index] ?? 0) * account.pooledJobMs);
    this.#unpartedBytes = 0;
    this.#poolBytes *= share;
    this.#rates.fade(share);
    for (const account of this.#names) account.fade(share);
  }

  /** In whole bytes whose sum is that of the change: what is rounded off one account is carried to the next. */
  #handOut(weightOf: (account: NameAccount) => number): void {
    const pooled = this.#names.filter(({ pooledJobMs, pooledBytes }) => pooledJobMs > 0 || pooledBytes !== 0);
    let weights = pooled.map(weightOf);
    let total = weights.reduce((sum, weight) => sum + weight, 0);
    // No name explains it: then alike, by the time that each ran.
    if (!(total > 0)) weights = pooled.map(({ pooledJobMs }) => pooledJobMs);
    total = weights.reduce((sum, weight) => sum + weight, 0);
    if (!(total > 0)) return;
    let left = this.#unpartedBytes;
    let carried = 0;
    pooled.forEach((account, index) => {
      const due = (this.#poolBytes * (weights[index] ?? 0)) / total - account.pooledBytes + carried;
      const bytes = index === pooled.length - 1 ? left : Math.round(due);
      carried = due - bytes;
      left -= bytes;
      account.pooledBytes += bytes;
      account.give(bytes);
    });
  }

  /** Parts a change among the names of which jobs ran since the interval was opened; false where none did. */
  #share(changeBytes: number, durationMs: number, nowMs: number): boolean {
    const active = this.#active;
    this.#makeRoom(active.length);
    let present = 0;
    let weightTotal = 0;
    let jobs = 0;
    for (const account of active) {
      const jobMs = account.takeJobMs(nowMs);
      account.isActive = jobMs > 0 || account.running > 0;
      if (!account.isActive) continue;
      const count = durationMs > 0 ? Math.max(jobMs / durationMs, NO_TIME) : account.running;
      active[present] = account;
      this.#indexes[present] = account.index;
      this.#counts[present] = count;
      present += 1;
      jobs += count;
      weightTotal += count * account.bytesPerMs;
    }
    active.length = present;
    if (present === 0) return false;
    this.#rates.add({ names: this.#indexes, counts: this.#counts, count: present }, durationMs, changeBytes);
    active.forEach((account, at) => {
      if (present > 1) account.pooledJobMs += (this.#counts[at] ?? 0) * Math.max(durationMs, NO_TIME);
      // Of a job that ran all the time.
      account.bytesPerJob += changeBytes * (weightTotal > 0 ? account.bytesPerMs / weightTotal : 1 / jobs);
    });
    if (present > 1) this.#unpartedBytes += changeBytes;
    else if (this.#running.size === 1) for (const ticket of this.#running) ticket.ownBytes += changeBytes;
    else active[0]?.give(changeBytes);
    return true;
  }

  #makeRoom(length: number): void {
    if (length <= this.#indexes.length) return;
    this.#indexes = new Int32Array(2 * length);
    this.#counts = new Float64Array(2 * length);
  }

  #activate(account: NameAccount): void {
    if (account.isActive) return;
    account.isActive = true;
    this.#active.push(account);
  }
}

/** A change of less than this goes with the next reading: at thousands of jobs a second they need not all be told apart. */
const LEAST_INTERVAL_MS = 0.5;
/** A smaller fall is no end of a peak, and is not worth a look at every running job. */
const NOTABLE_DROP_BYTES = 256 * 1024;
const HALF_LIFE_MS = 30 * 60_000;
/** In the place of a time, or of a count, that is none: what changed meanwhile belongs to somebody all the same. */
const NO_TIME = 1e-6;

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

/** What one name is held to have done. Opaque but for `takeBytes`: only the ledger writes to it. */
export class NameAccount {
  readonly index: number;
  running = 0;
  isActive = false;
  /** Estimated, of one running job. */
  bytesPerMs = 0;
  /** What a job would have as its share that had run since the beginning. */
  bytesPerJob = 0;
  /** Time that its jobs ran beside others, faded. */
  pooledJobMs = 0;
  /** What it got of the pool, faded. */
  pooledBytes = 0;
  #jobMs = 0;
  #sinceMs = 0;
  #untakenBytes = 0;

  constructor(index: number) {
    this.index = index;
  }

  change(by: 1 | -1, nowMs: number): void {
    this.#jobMs += this.running * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.running += by;
  }

  /** Job-milliseconds since it was last asked. */
  takeJobMs(nowMs: number): number {
    const jobMs = this.#jobMs + this.running * (nowMs - this.#sinceMs);
    this.#jobMs = 0;
    this.#sinceMs = nowMs;
    return jobMs;
  }

  give(bytes: number): void {
    this.#untakenBytes += bytes;
  }

  fade(share: number): void {
    this.pooledJobMs *= share;
    this.pooledBytes *= share;
  }

  /** Whole bytes since they were last taken; negative where memory was given back, or a former estimate was too high. */
  takeBytes(): number {
    const bytes = this.#untakenBytes;
    this.#untakenBytes = 0;
    return bytes;
  }
}

/** A running job's line in the ledger. Opaque: only the ledger reads and writes it. */
export class JobTicket {
  readonly account: NameAccount;
  exclusive: boolean;
  ownBytes = 0;
  readonly #startBytes: number;
  #endBytes: number | null = null;
  #peakBytes = 0;

  constructor(account: NameAccount, exclusive: boolean) {
    this.account = account;
    this.exclusive = exclusive;
    this.#startBytes = account.bytesPerJob;
  }

  notePeak(): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#shareBytes());
  }

  close(): void {
    this.#endBytes = this.account.bytesPerJob;
    this.notePeak();
  }

  share(): JobShare {
    return {
      netBytes: Math.round(this.#shareBytes()),
      peakBytes: Math.round(this.#peakBytes),
      ownBytes: this.ownBytes,
      exclusive: this.exclusive,
    };
  }

  #shareBytes(): number {
    return (this.#endBytes ?? this.account.bytesPerJob) - this.#startBytes;
  }
}
