import type { Attempt, Outcome } from '../../attempt/attempt.ts';
import type { Decision } from '../../model/decision.ts';
import type { ActuatorEvent } from '../../ports.ts';

/** One entry of the log and of `/api/decisions`. */
export interface LoggedDecision {
  readonly decision: Decision;
  readonly attemptId: string | null;
  readonly outcome: Outcome | null;
}

/** Attempts and outcomes follow later. */
interface Entry {
  readonly decision: Decision;
  attemptId: string | null;
  outcome: Outcome | null;
  /** A later entry has a higher number. */
  readonly order: number;
}

/** A decision is news if one of these differs from the boot's last decision. */
type Gist = Pick<Decision, 'class' | 'action' | 'reason'>;

/** How often it is news of a boot that the ledger cannot be read: a Redis may come and go every second. */
const UNREADABLE_EVERY_MS = 60_000;

/**
 * The newest decisions, newest first, with a fair share for each app. A decision about a boot is logged when it
 * differs from the boot's last one in class, action or reason. So "why no restart?" has an answer without a line every
 * few seconds.
 */
export class DecisionLog {
  readonly #capacity: number;
  /** By app, oldest first. */
  readonly #byApp = new Map<string | null, Entry[]>();
  #count = 0;
  #added = 0;
  readonly #lastByBoot = new Map<string, Gist>();
  /** When it was last news of a boot that the ledger could not be read, by the decision's time. */
  readonly #unreadableMs = new Map<string, number>();

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /**
   * True where the decision is news and is to be logged. A restart that is attempted is always news: each has an
   * attempt of its own.
   */
  record(bootKey: string, decision: Decision, { isTried = true } = {}): boolean {
    const { class: memoryClass, action, reason } = decision;
    const last = this.#lastByBoot.get(bootKey);
    const isSame = last?.class === memoryClass && last.action === action && last.reason === reason;
    if (isSame && !(action === 'restart' && isTried)) return false;
    if (reason === 'ledger-unavailable') {
      const lastMs = this.#unreadableMs.get(bootKey) ?? Number.NEGATIVE_INFINITY;
      if (Math.abs(decision.timeMs - lastMs) < UNREADABLE_EVERY_MS) return false;
      this.#unreadableMs.set(bootKey, decision.timeMs);
    }
    this.#lastByBoot.set(bootKey, { class: memoryClass, action, reason });
    this.#add({ decision, attemptId: null, outcome: null });
    return true;
  }

  /** Links the boot's newest restart decision to the attempt that follows it. */
  attach({ id, target, dyno, bootId }: Pick<Attempt, 'id' | 'target' | 'dyno' | 'bootId'>): void {
    const entry = this.#byApp
      .get(target.app)
      ?.findLast(
        ({ decision }) => decision.dyno === dyno && decision.bootId === bootId && decision.action === 'restart',
      );
    if (entry !== undefined) entry.attemptId = id;
  }

  /** Records how the attempt ended. */
  close(attemptId: string, outcome: Outcome): void {
    const entry = this.#newestFirst().find((one) => one.attemptId === attemptId);
    if (entry !== undefined) entry.outcome = outcome;
  }

  /**
   * Restores what the journal kept (newest first), below what was decided since. Entries that are here already are not
   * repeated.
   */
  restore(events: readonly ActuatorEvent[]): void {
    const kept = new Set(events.flatMap((event) => (event.type === 'decision' ? [identityOf(event.decision)] : [])));
    const since = this.#newestFirst().filter(({ decision }) => !kept.has(identityOf(decision)));
    this.#byApp.clear();
    this.#count = 0;
    for (const event of [...events].reverse()) {
      if (event.type === 'decision') this.#add({ decision: event.decision, attemptId: null, outcome: null });
      if (event.type !== 'attempt') continue;
      const { id, outcome } = event.attempt;
      if (event.phase === 'claimed') this.attach(event.attempt);
      if (outcome !== null) this.close(id, outcome);
    }
    for (const entry of since.toReversed()) this.#add(entry);
  }

  forget(bootKey: string): void {
    this.#lastByBoot.delete(bootKey);
    this.#unreadableMs.delete(bootKey);
  }

  recent(count: number): readonly LoggedDecision[] {
    return this.#newestFirst()
      .slice(0, count)
      .map(({ decision, attemptId, outcome }) => ({ decision, attemptId, outcome }));
  }

  #newestFirst(): readonly Entry[] {
    return [...this.#byApp.values()].flat().sort((a, b) => b.order - a.order);
  }

  #add(logged: LoggedDecision): void {
    const { app } = logged.decision;
    const ofApp = this.#byApp.get(app) ?? [];
    this.#byApp.set(app, ofApp);
    ofApp.push({ ...logged, order: this.#added++ });
    this.#count += 1;
    if (this.#count > this.#capacity) this.#drop();
  }

  /** The app with the most entries loses its oldest: one that decides much must not push out what others look for. */
  #drop(): void {
    let most: readonly [app: string | null, ofApp: Entry[]] = [null, []];
    for (const one of this.#byApp) if (one[1].length > most[1].length) most = one;
    const [app, ofApp] = most;
    ofApp.shift();
    if (ofApp.length === 0) this.#byApp.delete(app);
    this.#count -= 1;
  }
}

function identityOf({ app, dyno, bootId, timeMs, reason }: Decision): string {
  return `${app}|${dyno}|${bootId}|${timeMs}|${reason}`;
}
