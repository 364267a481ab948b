import type { Action, Reason } from '../../model/decision.ts';
import type { Assessment } from './assessment.ts';

/** What is done about a dyno, and why. */
export interface Rule {
  readonly reason: Reason;
  readonly action: Action;
  readonly when: (assessment: Assessment) => boolean;
  /** What follows from what was seen, for a person on call; starts in lower case and ends without a full stop. */
  readonly sentence: (assessment: Assessment) => string;
  /** Comes before any other boot of the target. */
  readonly urgent?: boolean;
  /**
   * Holds even where the last restarts gave nothing back: the platform is about to kill, and a drained restart is
   * better.
   */
  readonly evenIfUseless?: boolean;
  /** It restarts before the limit is reached, and so not where the last restarts bought little (`FULL_AGAIN_SOON`). */
  readonly isEarly?: true;
  /** Until when a moment without jobs may be waited for, Unix ms; null where there is no such time. */
  readonly patientUntilMs?: (assessment: Assessment) => number | null;
}
