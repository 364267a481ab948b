import { FloorRates } from './floor-rates.ts';
import { ENDED, type JobShare, JobTicket } from './job-ticket.ts';
import { expectedBytes, NameAccount, NO_EFFECT, NO_TIME_MS } from './name-account.ts';
import { NameEffects, type Presence } from './name-effects.ts';

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
    return this.beginAtLastReading(account, nowMs);
  }

  /** A job starts, unread, so soon after the last reading that nothing lies between. */
  beginAtLastReading(account: NameAccount, nowMs: number): JobTicket {
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
/** Three numbers of each are kept with three of every other: 0.6 MB in all. Names are capped, but each queue has its own. */
const MOST_ACCOUNTS = 128;
