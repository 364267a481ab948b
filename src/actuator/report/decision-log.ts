import type { Attempt, Outcome } from '../../attempt/attempt.ts';
import type { Decision } from '../../model/decision.ts';
import type { ActuatorEvent } from '../../ports.ts';

/** One entry of the log and of `/api/decisions`. */
export interface LoggedDecision {
  readonly decision: Decision;
  readonly attemptId: string | null;
  readonly outcome: Outcome | null;
}

/** What makes a decision news where it differs. */
type Gist = Pick<Decision, 'class' | 'action' | 'reason'>;

/**
 * The newest decisions, newest first, with a fair share for each app. A decision about a boot is logged when it
 * differs from the boot's last one in class, action or reason. So "why no restart?" has an answer without a line every
 * few seconds.
 */
export class DecisionLog {
  readonly #capacity: number;
  #entries: LoggedDecision[] = [];
  /** How many of the entries are about each app. */
  readonly #byApp = new Map<string | null, number>();
  readonly #lastByBoot = new Map<string, Gist>();

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
    this.#lastByBoot.set(bootKey, { class: memoryClass, action, reason });
    this.#add({ decision, attemptId: null, outcome: null });
    return true;
  }

  /** Links the boot's newest restart decision to the attempt that follows it. */
  attach({ id, target, dyno, bootId }: Pick<Attempt, 'id' | 'target' | 'dyno' | 'bootId'>): void {
    const isAbout = ({ decision }: LoggedDecision) =>
      decision.app === target.app && decision.dyno === dyno && decision.bootId === bootId;
    this.#replace(
      (entry) => isAbout(entry) && entry.decision.action === 'restart',
      (entry) => ({ ...entry, attemptId: id }),
    );
  }

  /** Records how the attempt ended. */
  close(attemptId: string, outcome: Outcome): void {
    this.#replace(
      (entry) => entry.attemptId === attemptId,
      (entry) => ({ ...entry, outcome }),
    );
  }

  /**
   * Restores what the journal kept (newest first), below what was decided since. Entries that are here already are not
   * repeated.
   */
  restore(events: readonly ActuatorEvent[]): void {
    const kept = new Set(events.flatMap((event) => (event.type === 'decision' ? [identityOf(event.decision)] : [])));
    const since = this.#entries.filter(({ decision }) => !kept.has(identityOf(decision)));
    this.#entries = [];
    this.#byApp.clear();
    for (const event of [...events].reverse()) {
      if (event.type === 'decision') this.#add({ decision: event.decision, attemptId: null, outcome: null });
      if (event.type !== 'attempt') continue;
      const { id, outcome } = event.attempt;
      if (event.phase === 'claimed') this.attach(event.attempt);
      if (outcome !== null) this.close(id, outcome);
    }
    for (const entry of since.reverse()) this.#add(entry);
  }

  forget(bootKey: string): void {
    this.#lastByBoot.delete(bootKey);
  }

  recent(count: number): readonly LoggedDecision[] {
    return this.#entries.slice(0, count);
  }

  #add(entry: LoggedDecision): void {
    const { app } = entry.decision;
    this.#entries.unshift(entry);
    this.#byApp.set(app, (this.#byApp.get(app) ?? 0) + 1);
    if (this.#entries.length > this.#capacity) this.#drop();
  }

  /** The app with the most entries loses its oldest: one that decides much must not push out what others look for. */
  #drop(): void {
    let most: [app: string | null, count: number] = [null, 0];
    for (const one of this.#byApp) if (one[1] > most[1]) most = one;
    const [app, count] = most;
    this.#entries.splice(
      this.#entries.findLastIndex(({ decision }) => decision.app === app),
      1,
    );
    if (count === 1) this.#byApp.delete(app);
    else this.#byApp.set(app, count - 1);
  }

  #replace(matches: (entry: LoggedDecision) => boolean, change: (entry: LoggedDecision) => LoggedDecision): void {
    const index = this.#entries.findIndex(matches);
    const entry = this.#entries[index];
    if (entry !== undefined) this.#entries[index] = change(entry);
  }
}

function identityOf({ app, dyno, bootId, timeMs, reason }: Decision): string {
  return `${app}|${dyno}|${bootId}|${timeMs}|${reason}`;
}
