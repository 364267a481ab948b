/** When an app is read again: soon where a read can tell something new, else after hours. */

/** What an app's boots would learn from a read. */
export interface AppWants {
  /** Boots that report and that no listing was compared with yet. */
  readonly newBoots: number;
  /** When the first of them was seen (monotonic ms), or null if there is none. */
  readonly newSinceMs: number | null;
  /** Boots that report and were not in the last listing, or were not `up` there. */
  readonly unsettled: number;
  /** Boots that were new or unsettled, and are listed as `up` now. */
  readonly found: number;
  /** A listed boot has fallen silent since the last read: it may have ended. */
  readonly hasGone: boolean;
  /** A dyno is over its soft limit, or its curve asks for a restart. */
  readonly isNear: boolean;
}

/** What is known of an app's reads. */
export interface ReadState {
  /** When the newest read began (monotonic ms); null before the first one. */
  readonly startedMs: number | null;
  /** How many reads in a row have found none of the boots that they looked for. */
  readonly vainReads: number;
  /** A webhook said that something has changed, and not what. */
  readonly isOutdated: boolean;
  /** The platform reports the app's dynos by itself. */
  readonly hasWebhooks: boolean;
}

export interface Cadence {
  /** The shortest time between two reads of an app. */
  readonly freshMs: number;
  /** The longest wait of a boot that was not looked for yet, and the wait of one that fell silent. */
  readonly patienceMs: number;
  /** Between two reads while a decision is near. */
  readonly nearMs: number;
  /** How long a listing is kept in which nothing is missed. */
  readonly keepMs: number;
  /** The same, of an app with webhooks. */
  readonly webhookKeepMs: number;
  /**
   * For how long one webhook of an app shows that they arrive: the platform replaces every dyno once a day, so an app
   * has some daily.
   */
  readonly webhookLifeMs: number;
}

/** @param freshMs 30 s, and less with a scaled-down window; the other times are those of 30 s, scaled with it */
export function cadenceOf(freshMs: number): Cadence {
  const minutes = (count: number) => count * 2 * freshMs;
  return {
    freshMs,
    patienceMs: minutes(8),
    nearMs: minutes(10),
    keepMs: minutes(4 * 60),
    webhookKeepMs: minutes(24 * 60),
    webhookLifeMs: minutes(26 * 60),
  };
}

/** When the app is to be read next (monotonic ms). */
export function nextReadMs(state: ReadState, wants: AppWants, cadence: Cadence): number {
  const { startedMs, isOutdated, hasWebhooks } = state;
  if (startedMs === null) return Number.NEGATIVE_INFINITY;
  const { freshMs, patienceMs, nearMs, keepMs, webhookKeepMs } = cadence;
  const backoffMs = freshMs * 2 ** state.vainReads;
  const waits = [hasWebhooks ? webhookKeepMs : keepMs];
  if (wants.unsettled > 0) waits.push(backoffMs);
  if (wants.hasGone) waits.push(patienceMs);
  if (wants.isNear) waits.push(nearMs);
  if (isOutdated) waits.push(freshMs);
  const dueMs = startedMs + Math.min(...waits);
  if (wants.newSinceMs === null) return dueMs;
  const newDueMs = startedMs + Math.min(backoffMs, patienceMs);
  // The webhook of a new dyno comes before its first measurement; a late one is waited for.
  return Math.min(dueMs, hasWebhooks ? Math.max(newDueMs, wants.newSinceMs + freshMs) : newDueMs);
}
