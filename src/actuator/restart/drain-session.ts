import { type Attempt, CONFIRM_DEADLINE_MS, SEND_WINDOW_MS } from '../../attempt/attempt.ts';
import { isIdle } from '../../attempt/boot-idle.ts';
import type { Boot } from '../../detector/boot/boot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { MemoryReport } from '../../model/memory-report.ts';
import { targetKey } from '../../model/target.ts';
import type { Clock, Drain, DrainAnswers, DrainKeys, Ledger, MemoryReports } from '../../ports.ts';
import { DRAIN_KEY_LIFE_MS, type DrainedBoot } from '../../shared/drain-messages.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Log } from '../report/log.ts';
import { asError } from './attempt/attempt-report.ts';

export interface AttemptDrainParts {
  /** Null where the queue's Redis is not configured: workers cannot be asked, and only points show their jobs. */
  readonly keys: DrainKeys | null;
  /** Null where nothing is to be known of the boot's memory. */
  readonly memoryReports: Pick<MemoryReports, 'read'> | null;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly registry: BootRegistry;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly log: Log;
  /** Called between two ticks when a drain has ended. It may be called without need. */
  readonly onOver: () => void;
}

/** The key lives 10 s, however long a tick is. The end of a drain is noticed at the same rhythm. */
const REFRESH_EVERY_MS = 1_000;
/** Of a short grace. The minimum keeps a zero grace from becoming a busy loop. */
const REFRESH_FRACTION = 0.1;
const REFRESH_NO_SOONER_MS = 100;
/** How long workers stay stopped while the ledger cannot be read: the attempt may be closed by then. */
const WITHOUT_LEDGER_MS = 5_000;
/** How long an answer counts after the last refresh of the key, whose end lets the workers take jobs again. */
const ANSWERS_COUNT_MS = DRAIN_KEY_LIFE_MS / 2;
/** Workers look every 2 s, Redis may take as long to answer, and a first answer needs a second look. */
const ANSWER_WITHIN_MS = 6_000;

/** When the phase of an attempt ends, by the ledger's clock and by our monotonic one, which cannot be set. */
interface PhaseEnd {
  readonly deadlineMs: number;
  readonly endsMs: number;
}

interface Session {
  attempt: Attempt;
  readonly bootId: string;
  readonly askedAtMs: number;
  answers: DrainAnswers;
  /** Monotonic; when the key was last refreshed, and the answers were read. */
  answersReadMs: number;
  /** Monotonic; when the ledger last showed the attempt open. */
  ledgerSeenMs: number;
  phase: PhaseEnd;
  /**
   * Monotonic; since when the question has been on the queue's Redis without a break. Null before, and during a break.
   */
  askedSinceMs: number | null;
  wasAnswered: boolean;
  wasReported: boolean;
  timer: NodeJS.Timeout | undefined;
  beating: Promise<void> | null;
  lastFault: string | null;
}

/**
 * The actuator's side of a drain. It keeps the drain key of a boot alive from the first `ask` until the attempt is
 * closed, but not past the attempt's deadline, and not longer than 5 s without the ledger. At the close it deletes the
 * key, so that the workers of a boot that survived continue at once. After the first read of a deadline our own clock
 * counts too, so that a drain ends even if the ledger's clock is set back.
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

  /**
   * Whether the boot's processes know no drain: they were asked, and none has answered in time. If one has, a job that
   * still runs is longer than the grace. Workers that cannot be asked at all (no queue's Redis, no grace) count too.
   */
  knowNoDrain(attempt: Attempt): boolean {
    const { keys, graceMs, clock } = this.#parts;
    if (keys === null || graceMs === 0) return true;
    const session = this.#sessions.get(attempt.id);
    if (session === undefined || session.wasAnswered || session.askedSinceMs === null) return false;
    return clock.monotonic() - session.askedSinceMs >= this.#answerWithinMs();
  }

  /** What the boot's processes have said of their memory during this drain; null if nothing. Never rejects. */
  async memoryReport(attempt: Attempt): Promise<MemoryReport | null> {
    const { memoryReports, log } = this.#parts;
    const session = this.#sessions.get(attempt.id);
    if (session === undefined || memoryReports === null) return null;
    try {
      return await memoryReports.read(bootAsked(session), attempt.id);
    } catch (error) {
      log.warn('the memory report could not be read; the restart goes on', describe(session, asError(error)));
      return null;
    }
  }

  /** Leaves the keys: the next actuator continues with them, or they expire. */
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
      answersReadMs: clock.monotonic(),
      ledgerSeenMs: clock.monotonic(),
      // The longest possible; the first read of the ledger shortens it.
      phase: { deadlineMs: attempt.deadlineMs, endsMs: clock.monotonic() + longestMs(attempt, graceMs) },
      askedSinceMs: null,
      wasAnswered: false,
      wasReported: false,
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
      if (open.phase !== 'draining' || session.wasReported) return;
      session.wasReported = this.#isOverdue(session) || this.#isIdle(session) === true;
      if (session.wasReported) onOver();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) log.error('a drain failed', { error: String(error) });
      if (clock.monotonic() - session.ledgerSeenMs <= WITHOUT_LEDGER_MS) await this.#refresh(session);
      // The phase is over by now, whatever the ledger shows. If the attempt is still open, the next `ask` starts again.
      if (clock.monotonic() > session.phase.endsMs + SEND_WINDOW_MS) await this.#end(session);
    }
  }

  /** Moves the end only nearer: our clock counts down what the ledger's clock has left. */
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

  /** A queue's Redis that does not answer is logged once; points still show whether jobs run. Never rejects. */
  async #refresh(session: Session): Promise<void> {
    const { keys, log } = this.#parts;
    const { id } = session.attempt;
    if (keys === null || !this.#sessions.has(id) || this.#isOverdue(session)) return;
    try {
      session.answers = await keys.refresh(bootAsked(session), id);
      session.answersReadMs = this.#parts.clock.monotonic();
      session.askedSinceMs ??= session.answersReadMs;
      session.wasAnswered ||= session.answers.size > 0;
      session.lastFault = null;
    } catch (thrown) {
      const error = asError(thrown);
      session.answers = new Map();
      session.askedSinceMs = null;
      if (session.lastFault === null) log.warn('the workers could not be asked to drain', describe(session, error));
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
      log.warn('the drain key could not be deleted; it expires', describe(session, asError(error)));
    }
  }

  #isIdle(session: Session): boolean | null {
    const { clock } = this.#parts;
    const processes = this.#bootOf(session.attempt)?.processes ?? [];
    return isIdle({
      answers: clock.monotonic() - session.answersReadMs > ANSWERS_COUNT_MS ? new Map() : session.answers,
      processes: processes.map(({ processId, timeMs, activeJobs }) => ({ processId, timeMs, activeJobs })),
      askedAtMs: session.askedAtMs,
      nowMs: clock.now(),
      answerWithinMs: this.#answerWithinMs(),
    });
  }

  #answerWithinMs(): number {
    const { keys, graceMs } = this.#parts;
    return keys === null ? 0 : Math.min(ANSWER_WITHIN_MS, graceMs / 2);
  }

  /** Workers know their boot by its id in the metrics. A person's attempt has the platform's id, which may differ. */
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

/**
 * The longest that the current phase may take, whatever the ledger's clock shows. A drain has the grace of the actuator
 * that began it: where a successor has a shorter one, its workers must not go on before the attempt does.
 */
function longestMs({ phase, drainingAtMs, deadlineMs }: Attempt, graceMs: number): number {
  if (phase === 'sending') return CONFIRM_DEADLINE_MS;
  return drainingAtMs === undefined || drainingAtMs === null ? graceMs : deadlineMs - drainingAtMs;
}

function describe({ attempt }: Session, error: Error) {
  return { target: targetKey(attempt.target), dyno: attempt.dyno, error: error.message };
}
