import { type Attempt, CONFIRM_DEADLINE_MS, SEND_WINDOW_MS } from '../../attempt/attempt.ts';
import { isIdle } from '../../attempt/boot-idle.ts';
import type { Boot } from '../../detector/boot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { Clock, Drain, DrainAnswers, DrainKeys, Ledger } from '../../ports.ts';
import type { DrainedBoot } from '../../semconv.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Log } from '../report/log.ts';
import { asError } from './attempt-report.ts';

export interface AttemptDrainParts {
  /** Null where the queue's Redis is not configured: nobody can be asked, and only the points tell of jobs. */
  readonly keys: DrainKeys | null;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly registry: BootRegistry;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly log: Log;
  /** Called when a drain has come to its end, between two ticks; may be called for nothing. */
  readonly onOver: () => void;
}

/** The key lives 10 s, whatever the length of a tick; and the end of a drain is noticed as soon. */
const REFRESH_EVERY_MS = 1_000;
/** Of a grace, where it is short; a grace of nothing must not make it a busy loop. */
const REFRESH_FRACTION = 0.1;
const REFRESH_NO_SOONER_MS = 100;
/** Without the ledger nobody knows whether the attempt is still open. */
const WITHOUT_LEDGER_MS = 5_000;
/** Workers look every 2 s; Redis may take as long to answer, and a first answer follows a second look. */
const ANSWER_WITHIN_MS = 6_000;

/** When the phase of an attempt ends, by the ledger's clock and by our own, which no clock that is set can move. */
interface PhaseEnd {
  readonly deadlineMs: number;
  readonly endsMs: number;
}

interface Session {
  attempt: Attempt;
  readonly bootId: string;
  readonly askedAtMs: number;
  answers: DrainAnswers;
  /** Monotonic; when the ledger last showed the attempt open. */
  ledgerSeenMs: number;
  phase: PhaseEnd;
  wasAnswered: boolean;
  wasTold: boolean;
  timer: NodeJS.Timeout | undefined;
  beating: Promise<void> | null;
  lastFault: string | null;
}

/**
 * The actuator's side of a drain: keeps the key of an attempt's boot alive from the first `ask` until the attempt is closed, no longer than its
 * deadline nor than 5 s without the ledger, and deletes it at the close, so that workers whose boot survived go on at once. What the ledger says of a
 * deadline is believed once: from then on our own clock counts as well, so that a drain ends in time with a ledger whose clock is set back.
 */
export class AttemptDrain implements Drain {
  readonly #parts: AttemptDrainParts;
  readonly #sessions = new Map<string, Session>();

  constructor(parts: AttemptDrainParts) {
    this.#parts = parts;
  }

  async ask(attempt: Attempt): Promise<void> {
    const session = this.#sessions.get(attempt.id) ?? this.#open(attempt);
    session.attempt = attempt;
    session.ledgerSeenMs = this.#parts.clock.monotonic();
    await this.#beatOnce(session);
  }

  async idle(attempt: Attempt): Promise<boolean | null> {
    const session = this.#sessions.get(attempt.id);
    return session === undefined ? null : this.#isIdle(session);
  }

  /** Whether any process of the boot has answered: it knows of the drain, and whatever still runs is a job longer than the grace. */
  wasAnswered(attempt: Attempt): boolean {
    return this.#sessions.get(attempt.id)?.wasAnswered === true;
  }

  /** The keys stay: the next actuator goes on where this one stops, or they expire. */
  async stop(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { timer } of sessions) clearInterval(timer);
    await Promise.all(sessions.map(({ beating }) => beating));
    await this.#parts.keys?.close();
  }

  #open(attempt: Attempt): Session {
    const { clock, graceMs } = this.#parts;
    const session: Session = {
      attempt,
      bootId: this.#bootOf(attempt)?.identity.bootId ?? attempt.bootId,
      askedAtMs: clock.now(),
      answers: new Map(),
      ledgerSeenMs: clock.monotonic(),
      // The longest that it can be; the first read of the ledger brings it nearer.
      phase: { deadlineMs: attempt.deadlineMs, endsMs: clock.monotonic() + longestMs(attempt, graceMs) },
      wasAnswered: false,
      wasTold: false,
      timer: undefined,
      beating: null,
      lastFault: null,
    };
    session.timer = setInterval(
      () => void this.#beatOnce(session),
      Math.min(REFRESH_EVERY_MS, Math.max(REFRESH_NO_SOONER_MS, REFRESH_FRACTION * graceMs)),
    );
    this.#sessions.set(attempt.id, session);
    return session;
  }

  /** Never rejects. */
  #beatOnce(session: Session): Promise<void> {
    session.beating ??= this.#beat(session).finally(() => {
      session.beating = null;
    });
    return session.beating;
  }

  async #beat(session: Session): Promise<void> {
    const { ledger, clock, log, onOver } = this.#parts;
    try {
      const { open, nowMs } = await ledger.read(session.attempt.target);
      if (open?.id !== session.attempt.id) return await this.#end(session);
      session.attempt = open;
      session.ledgerSeenMs = clock.monotonic();
      this.#followPhase(session, nowMs);
      await this.#refresh(session);
      if (open.phase !== 'draining' || session.wasTold) return;
      session.wasTold = this.#isOverdue(session) || this.#isIdle(session) === true;
      if (session.wasTold) onOver();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) log.error('a drain failed', { error: String(error) });
      if (clock.monotonic() - session.ledgerSeenMs <= WITHOUT_LEDGER_MS) await this.#refresh(session);
      // The phase is over by now, whatever the ledger would say. Where the attempt is open still, the next `ask` starts again.
      if (clock.monotonic() > session.phase.endsMs + SEND_WINDOW_MS) await this.#end(session);
    }
  }

  /** Only ever nearer: what is left by the ledger's clock is counted down by ours. */
  #followPhase(session: Session, nowMs: number): void {
    const { clock, graceMs } = this.#parts;
    const { attempt, phase } = session;
    const atMs = clock.monotonic();
    const isSame = attempt.deadlineMs === phase.deadlineMs;
    const limitMs = isSame ? phase.endsMs : atMs + longestMs(attempt, graceMs);
    session.phase = { deadlineMs: attempt.deadlineMs, endsMs: Math.min(limitMs, atMs + attempt.deadlineMs - nowMs) };
  }

  #isOverdue({ phase }: Session): boolean {
    return this.#parts.clock.monotonic() > phase.endsMs;
  }

  /** A queue that does not answer is reported once; whether jobs run, the points still say. Never rejects. */
  async #refresh(session: Session): Promise<void> {
    const { keys, log } = this.#parts;
    const { id } = session.attempt;
    if (keys === null || !this.#sessions.has(id) || this.#isOverdue(session)) return;
    try {
      session.answers = await keys.refresh(bootAsked(session), id);
      session.wasAnswered ||= session.answers.size > 0;
      session.lastFault = null;
    } catch (thrown) {
      const error = asError(thrown);
      session.answers = new Map();
      if (session.lastFault === null) log.warn('the workers could not be asked to drain', told(session, error));
      session.lastFault = error.message;
    }
  }

  async #end(session: Session): Promise<void> {
    const { keys, log } = this.#parts;
    clearInterval(session.timer);
    this.#sessions.delete(session.attempt.id);
    try {
      await keys?.clear(bootAsked(session), session.attempt.id);
    } catch (error) {
      log.warn('the drain key could not be deleted; it expires', told(session, asError(error)));
    }
  }

  #isIdle(session: Session): boolean | null {
    const { keys, clock, graceMs } = this.#parts;
    const processes = this.#bootOf(session.attempt)?.processes ?? [];
    return isIdle({
      answers: session.answers,
      processes: processes.map(({ processId, timeMs, activeJobs }) => ({ processId, timeMs, activeJobs })),
      askedAtMs: session.askedAtMs,
      nowMs: clock.now(),
      answerWithinMs: keys === null ? 0 : Math.min(ANSWER_WITHIN_MS, graceMs / 2),
    });
  }

  /** Its workers know the boot by its id in the metrics; a person's attempt has the platform's, which may be another. */
  #bootOf(attempt: Attempt): Boot | null {
    const { registry } = this.#parts;
    const { app } = attempt.target;
    const known = registry.find(app, attempt);
    if (known !== null) return known.boot;
    const dynoId = attempt.platformDynoId ?? attempt.bootId;
    const listed = registry
      .entries()
      .find(
        ({ boot, listing }) => boot.identity.app === app && listing?.kind === 'listed' && listing.dyno.id === dynoId,
      );
    return listed?.boot ?? null;
  }
}

function bootAsked({ attempt, bootId }: Session): DrainedBoot {
  return { app: attempt.target.app, bootId };
}

/** Of the phase it is in, whatever the ledger's clock says. */
function longestMs({ phase }: Attempt, graceMs: number): number {
  return phase === 'sending' ? CONFIRM_DEADLINE_MS : graceMs;
}

function told({ attempt }: Session, error: Error) {
  return { target: targetKey(attempt.target), dyno: attempt.dyno, error: error.message };
}
