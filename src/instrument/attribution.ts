import { FloorRates } from './floor-rates.ts';
import { type NameEffect, NameEffects, type Presence } from './name-effects.ts';

/**
 * Who made the process grow: a ledger over readings of the process's RSS. It takes numbers only, reads nothing.
 *
 * Between two readings the jobs that ran are known. Where none did, the change is nobody's; where jobs of one name did, it is that name's: both
 * exact. Where several names overlapped, it goes into a common pool, and how much of the pool each name made is estimated from which names
 * ran, began and ended when memory changed (`NameEffects`), corrected by who was there while its floor rose (`FloorRates`). The pool is parted
 * anew at each `part`, by all that has been seen up to then, and what changed by it is handed out as a signed correction, so that at any time
 *
 *   sum of all that was ever taken + what running jobs hold = last reading - first reading
 *
 * holds exactly, whatever the order of begins and ends. What was seen fades with a half-life of half an hour: names may change their ways, and
 * what is older than some half-lives is not corrected any more.
 */
export class AttributionLedger {
  readonly #effects = new NameEffects();
  readonly #floors = new FloorRates();
  readonly #names: NameAccount[] = [];
  /** Those with jobs in the interval since the last reading that closed one. */
  readonly #active: NameAccount[] = [];
  readonly #presences: Presence[] = [];
  /** Each ticket knows its place in it. */
  readonly #running: JobTicket[] = [];
  #lastRssBytes: number;
  /** Jobs have started or ended since, unread. */
  #isBlurred = false;
  #fadedAtMs: number;
  #idleBytes = 0;
  /** What overlapping names changed, faded; and the part of it that has not been parted yet, in whole bytes. */
  #poolBytes = 0;
  #unpartedBytes = 0;

  /**
   * @param rssBytes the first reading, against which all change is counted
   * @param nowMs monotonic, as all times here
   */
  constructor(rssBytes: number, nowMs: number) {
    this.#lastRssBytes = rssBytes;
    this.#fadedAtMs = nowMs;
  }

  /** An account for another name; beyond `MOST_ACCOUNTS` one that is shared, for what is kept grows with their square. */
  open(): NameAccount {
    const last = this.#names.at(-1);
    if (last !== undefined && this.#names.length === MOST_ACCOUNTS) return last;
    const account = new NameAccount(this.#names.length);
    this.#names.push(account);
    return account;
  }

  /**
   * A job starts.
   *
   * @param rssBytes null where it was not read
   */
  begin(account: NameAccount, rssBytes: number | null, nowMs: number): JobTicket {
    this.#boundary(rssBytes, nowMs);
    const running = this.#running;
    if (running.length === 1) (running[0] as JobTicket).exclusive = false;
    const ticket = new JobTicket(account, running.length);
    running.push(ticket);
    this.#activate(account);
    account.begin(nowMs);
    return ticket;
  }

  /** A job ends. A ticket that has ended already gets what it got the first time. */
  end(ticket: JobTicket, rssBytes: number | null, nowMs: number): JobShare {
    if (ticket.place !== ENDED) ticket.account.end(nowMs);
    this.#boundary(rssBytes, nowMs);
    if (ticket.place !== ENDED) this.#remove(ticket);
    return ticket;
  }

  #remove(ticket: JobTicket): void {
    const last = this.#running.pop() as JobTicket;
    if (last !== ticket) {
      this.#running[ticket.place] = last;
      last.place = ticket.place;
    }
    ticket.close();
  }

  #boundary(rssBytes: number | null, nowMs: number): void {
    if (rssBytes === null) this.#isBlurred = true;
    else this.observe(rssBytes, nowMs);
  }

  /** A reading: it closes the interval since the last one. */
  observe(rssBytes: number, nowMs: number): void {
    const changeBytes = rssBytes - this.#lastRssBytes;
    this.#lastRssBytes = rssBytes;
    // What is given back now may have been a peak of those that run.
    if (changeBytes <= -NOTABLE_DROP_BYTES) this.notePeaks();
    if (!this.#share(changeBytes, nowMs)) this.#idleBytes += changeBytes;
    this.#isBlurred = false;
  }

  /** Notes how far the jobs that run are up: for a peak between the start and the end of a long one. */
  notePeaks(): void {
    for (const ticket of this.#running) ticket.notePeak();
  }

  get lastRssBytes(): number {
    return this.#lastRssBytes;
  }

  get runningJobs(): number {
    return this.#running.length;
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
    const effects = this.#effects.solve();
    for (const account of this.#names) account.effect = effects[account.index] ?? NO_EFFECT;
    this.#handOut();
    this.#unpartedBytes = 0;
    this.#poolBytes *= share;
    this.#effects.fade(share);
    this.#floors.fade(share);
    for (const account of this.#names) account.fade(share);
  }

  /** What one running job of each name should have kept, in bytes per ms, by its effect. */
  #keptRates(): Float64Array {
    return Float64Array.from(this.#names, ({ effect, pooled }) => {
      return pooled.jobMs > 0 ? Math.max(0, expectedBytes(effect, pooled)) / pooled.jobMs : 0;
    });
  }

  /** In whole bytes whose sum is that of the change: what is rounded off one account is carried to the next. */
  #handOut(): void {
    const pooled = this.#names.filter(({ pooled: { jobMs }, pooledBytes }) => jobMs > 0 || pooledBytes !== 0);
    const rates = this.#floors.corrected(this.#keptRates());
    let weights = pooled.map(({ index, pooled }) => (rates[index] ?? 0) * pooled.jobMs);
    let total = weights.reduce((sum, weight) => sum + weight, 0);
    // No name explains it: then alike, by the time that each ran.
    if (!(total > 0)) weights = pooled.map(({ pooled: { jobMs } }) => jobMs);
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
  #share(changeBytes: number, nowMs: number): boolean {
    const active = this.#active;
    const presences = this.#presences;
    const direction = changeBytes < 0 ? -1 : 1;
    let present = 0;
    let weightTotal = 0;
    let jobMsTotal = 0;
    for (const account of active) {
      const presence = account.takePresence(nowMs);
      account.isActive = presence.jobMs > 0 || presence.ended > 0 || account.running > 0;
      if (!account.isActive) continue;
      active[present] = account;
      presences[present] = presence;
      present += 1;
      jobMsTotal += presence.jobMs + NO_TIME_MS;
      weightTotal += Math.max(0, direction * expectedBytes(account.effect, presence));
    }
    active.length = present;
    // Also where no job runs: what a collector gives back then was taken before.
    this.#floors.add(presences, present, changeBytes, nowMs);
    if (present === 0) return false;
    // Where jobs came and went unread, the starts and ends do not lie at its ends.
    if (!this.#isBlurred) this.#effects.add(presences, present, changeBytes);
    for (let at = 0; at < present; at += 1) {
      const [account, presence] = [active[at] as NameAccount, presences[at] as Presence];
      if (present > 1) account.pool(presence);
      const weight = Math.max(0, direction * expectedBytes(account.effect, presence));
      const share = weightTotal > 0 ? weight / weightTotal : (presence.jobMs + NO_TIME_MS) / jobMsTotal;
      account.bytesPerJob += (changeBytes * share) / Math.max(1, account.running + presence.ended);
      presence.started = 0;
      presence.ended = 0;
    }
    if (present > 1) this.#unpartedBytes += changeBytes;
    else if (this.#running.length === 1) (this.#running[0] as JobTicket).ownBytes += changeBytes;
    else active[0]?.give(changeBytes);
    return true;
  }

  #activate(account: NameAccount): void {
    if (account.isActive) return;
    account.isActive = true;
    this.#active.push(account);
  }
}

/** A smaller fall is no end of a peak, and is not worth a look at every running job. */
const NOTABLE_DROP_BYTES = 256 * 1024;
const HALF_LIFE_MS = 30 * 60_000;
/** Three numbers of each are kept with three of every other: 1.2 MB in all. Names are capped, but each queue has its own. */
const MOST_ACCOUNTS = 128;
const NO_TIME_MS = 1e-6;

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

const NO_EFFECT: NameEffect = { startBytes: 0, bytesPerMs: 0, loanBytes: 0 };

/** What a name's jobs should have changed; negative where more was given back than taken. */
function expectedBytes(effect: NameEffect, { started, ended, jobMs }: Omit<Presence, 'index'>): number {
  return effect.startBytes * started + effect.bytesPerMs * jobMs + effect.loanBytes * (started - ended);
}

/** What one name is held to have done. Opaque but for `takeBytes`: only the ledger writes to it. */
export class NameAccount {
  readonly index: number;
  running = 0;
  isActive = false;
  effect: NameEffect = NO_EFFECT;
  /** What a job would have as its share that had run since the beginning. */
  bytesPerJob = 0;
  /** What its jobs did beside others, faded. */
  readonly pooled = { started: 0, ended: 0, jobMs: 0 };
  /** What it got of the pool, faded. */
  pooledBytes = 0;
  readonly #presence: Presence;
  #sinceMs = 0;
  #untakenBytes = 0;
  /** Ended since the bytes were last taken. */
  #untakenJobs = 0;

  constructor(index: number) {
    this.index = index;
    this.#presence = { index, started: 0, ended: 0, jobMs: 0 };
  }

  begin(nowMs: number): void {
    this.#advance(nowMs);
    this.running += 1;
    this.#presence.started += 1;
  }

  end(nowMs: number): void {
    this.#advance(nowMs);
    this.running -= 1;
    this.#presence.ended += 1;
    this.#untakenJobs += 1;
  }

  /** What its jobs did since the last reading; the caller sets `started` and `ended` back. */
  takePresence(nowMs: number): Presence {
    this.#advance(nowMs);
    const presence = this.#presence;
    presence.jobMs = this.#jobMs;
    this.#jobMs = 0;
    return presence;
  }

  pool({ started, ended, jobMs }: Presence): void {
    this.pooled.started += started;
    this.pooled.ended += ended;
    // Where no time has passed it was there all the same.
    this.pooled.jobMs += Math.max(jobMs, NO_TIME_MS);
  }

  give(bytes: number): void {
    this.#untakenBytes += bytes;
  }

  fade(share: number): void {
    this.pooled.started *= share;
    this.pooled.ended *= share;
    this.pooled.jobMs *= share;
    this.pooledBytes *= share;
  }

  /**
   * Whole bytes since they were last taken; negative where memory was given back, or a former estimate was too high.
   *
   * @param jobs how many of the jobs that ended since are the caller's: of an account that is shared each takes in proportion
   */
  takeBytes(jobs: number): number {
    const isAll = jobs >= this.#untakenJobs;
    const bytes = isAll ? this.#untakenBytes : Math.trunc((this.#untakenBytes * jobs) / this.#untakenJobs);
    this.#untakenBytes -= bytes;
    this.#untakenJobs -= Math.min(jobs, this.#untakenJobs);
    return bytes;
  }

  #jobMs = 0;

  #advance(nowMs: number): void {
    this.#jobMs += this.running * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}

/** The place of a ticket whose job has ended. */
const ENDED = -1;

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
