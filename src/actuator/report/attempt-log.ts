import type { Attempt } from '../../attempt/attempt.ts';
import type { ActuatorEvent, HistoryEntry } from '../../ports.ts';

/** An attempt as people see it, open or closed. */
export interface AttemptView {
  readonly attempt: Attempt;
  /** Memory that the restart freed; null until it is known, and where nothing was restarted. */
  readonly reclaimedBytes: number | null;
  /** From the new boot's start until memory was back; null where it was not, or not soon. */
  readonly backAfterMs: number | null;
}

/** The attempts that this actuator has moved, or read back from the journal: the newest `capacity`, newest first. */
export class AttemptLog {
  readonly #capacity: number;
  /** By id, oldest claim first. */
  readonly #views = new Map<string, AttemptView>();

  constructor(capacity = 200) {
    this.#capacity = capacity;
  }

  take(event: ActuatorEvent): void {
    if (event.type === 'attempt') this.#put(event.attempt);
    if (event.type !== 'reclaimed') return;
    const known = this.#views.get(event.attemptId);
    if (known !== undefined) this.#views.set(event.attemptId, { ...known, reclaimedBytes: event.reclaimedBytes });
  }

  /** Restores what the journal kept (newest first). What happened since is newer, so it stays. */
  restore(events: readonly ActuatorEvent[]): void {
    const since = [...this.#views.values()];
    this.#views.clear();
    for (const event of [...events].reverse()) this.take(event);
    for (const { attempt } of since) this.#put(attempt);
  }

  /**
   * The newest attempts: the open ones first, then the closed ones, each newest first.
   *
   * @param open the open attempts as the ledger has them now; null where it could not be read: then as they were last
   * seen
   * @param closed the ledger's histories, for attempts that another actuator has closed
   */
  newest(count: number, open: readonly Attempt[] | null, closed: readonly HistoryEntry[]): readonly AttemptView[] {
    for (const attempt of open ?? []) this.#put(attempt);
    const openIds = open === null ? null : new Set(open.map(({ id }) => id));
    const ends = new Map(closed.map((entry) => [entry.attemptId, entry]));
    const views = [...this.#views.values()].map((view) => withEnd(view, ends.get(view.attempt.id)));
    const shown = views.filter((view) => isClosed(view) || openIds === null || openIds.has(view.attempt.id));
    shown.sort((a, b) => Number(isClosed(a)) - Number(isClosed(b)) || timeOf(b) - timeOf(a));
    return shown.slice(0, count);
  }

  /** The restarts of a dyno name that are known here, as they were last seen, oldest first. */
  ofDyno(app: string, dyno: string): readonly Attempt[] {
    const all = [...this.#views.values()].map(({ attempt }) => attempt);
    return all.filter((attempt) => attempt.target.app === app && attempt.dyno === dyno);
  }

  #put(attempt: Attempt): void {
    const known = this.#views.get(attempt.id);
    if (known !== undefined && known.attempt.epoch > attempt.epoch) return;
    this.#views.delete(attempt.id);
    this.#views.set(attempt.id, { attempt, reclaimedBytes: known?.reclaimedBytes ?? null, backAfterMs: null });
    for (const id of this.#views.keys()) {
      if (this.#views.size <= this.#capacity) return;
      this.#views.delete(id);
    }
  }
}

/** Adds the end of the attempt from the ledger's history, which keeps no evidence. */
function withEnd(view: AttemptView, end: HistoryEntry | undefined): AttemptView {
  if (end === undefined) return view;
  const { attempt, reclaimedBytes } = view;
  const { outcome, closedAtMs } = end;
  const isNews = attempt.phase !== 'closed';
  return {
    attempt: isNews ? { ...attempt, phase: 'closed', outcome, closedAtMs } : attempt,
    reclaimedBytes: reclaimedBytes ?? end.reclaimedBytes,
    backAfterMs: end.backAfterMs,
  };
}

function isClosed({ attempt }: AttemptView): boolean {
  return attempt.phase === 'closed';
}

function timeOf({ attempt }: AttemptView): number {
  return attempt.closedAtMs ?? attempt.claimedAtMs;
}
