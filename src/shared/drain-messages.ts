/** What actuator and workers write to each other on the queue's Redis for a drain: keys, the question, the answers. */

/** The boot whose workers are asked to drain. App and boot id are those of its points. */
export interface DrainedBoot {
  readonly app: string;
  readonly bootId: string;
}

/** The keys of one boot's drain. Each lives for `DRAIN_KEY_LIFE_MS` after it was last written. */
export interface DrainKeyNames {
  /** String, `drainQuestion`: the attempt for which the boot's workers must take no more jobs. */
  readonly question: string;
  /** Hash: what the processes of the boot answer, by `tidemark.process.id`; each a `DrainAnswer` as JSON. */
  readonly answers: string;
  /** Hash, the same answers under a former name. */
  readonly formerAnswers: string;
}

/** Characters of an escaped name. App names have at most 30 characters, dyno ids 36. */
const DRAIN_NAME_MAX_LENGTH = 200;

/**
 * Ids come from environments and from points, so separators in them are escaped: no app and no boot id can produce
 * another boot's key. Null if one is empty or too long to be real.
 */
export function drainKeyNames({ app, bootId }: DrainedBoot): DrainKeyNames | null {
  const parts = [app, bootId].map((part) => encodeURIComponent(part.toWellFormed()));
  if (parts.some((part) => part.length === 0 || part.length > DRAIN_NAME_MAX_LENGTH)) return null;
  const name = parts.join(':');
  return {
    question: `tidemark:drain:${name}`,
    answers: `tidemark:drain-answers:${name}`,
    formerAnswers: `tidemark:drain:${name}:answers`,
  };
}

/** How long the keys live after they were last written, and the age at which an answer no longer counts. */
export const DRAIN_KEY_LIFE_MS = 10_000;

/** How long workers stay stopped for an attempt, counted from when they first see it, if the question does not say. */
const DRAIN_DEFAULT_HOLD_MS = 15 * 60_000;
/** The longest time that a question can ask for: Heroku restarts each dyno daily anyway. */
const DRAIN_MAX_HOLD_MS = 24 * 3_600_000;

export interface DrainQuestion {
  readonly attemptId: string;
  /** How long the workers stay stopped at most, whatever happens to the key: no attempt is open for longer. */
  readonly holdMs: number;
}

/** The value of the question's key: `<attempt id>` or `<attempt id> <holdMs>`. */
export function drainQuestion({ attemptId, holdMs }: DrainQuestion): string {
  return `${attemptId} ${Math.ceil(holdMs)}`;
}

/** Null if the value is not a question. */
export function parseDrainQuestion(value: string): DrainQuestion | null {
  // Printable ASCII: Redis returns other bytes as replacement characters.
  const match = /^([!-~]{1,100})(?: (\d{1,15}))?$/.exec(value);
  if (match?.[1] === undefined) return null;
  const asked = match[2] === undefined ? DRAIN_DEFAULT_HOLD_MS : Number(match[2]);
  return { attemptId: match[1], holdMs: Math.min(asked, DRAIN_MAX_HOLD_MS) };
}

export interface DrainAnswer {
  readonly attemptId: string;
  /** Its workers take no jobs, and none runs. */
  readonly idle: boolean;
  /** Redis's time (Unix ms) when the process read the key that this answers, so that a delayed write shows its age. */
  readonly atMs: number;
}
