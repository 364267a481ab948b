import type { LedgerPolicy } from '../../../src/adapters/redis/ledger/redis-ledger.ts';
import {
  type Attempt,
  CLAIM_DEADLINE_MS,
  isLegalMove,
  type Move,
  SEND_WINDOW_MS,
  startsCooldown,
} from '../../../src/attempt/attempt.ts';
import { BREAKER_OPEN_MS, breakerReason, uselessInARow } from '../../../src/attempt/breaker.ts';
import { keepLearned, type LearnedBoot, normalBytesPerJob, normalFloor } from '../../../src/decision/learned.ts';
import { type Target, targetKey } from '../../../src/model/target.ts';
import type {
  AdvanceAnswer,
  ClaimAnswer,
  ClaimRequest,
  HistoryEntry,
  KnownRecord,
  Ledger,
  LedgerView,
} from '../../../src/ports.ts';

interface ModelEntry extends HistoryEntry {
  readonly notTheTargets: boolean;
}

/** A person's last word was to resume. */
const RESUMED = 0;
const isPause = (sinceMs: number | null) => sinceMs !== null && sinceMs !== RESUMED;

interface ModelRecord {
  readonly target: Target;
  attempt: Attempt | null;
  spends: string[];
  history: ModelEntry[];
  dryHistory: ModelEntry[];
  sent: number[];
  cooldownUntilMs: number;
  dryCooldownUntilMs: number;
  breakerUntilMs: number;
  breakerReason: string | null;
  countFromMs: number;
  usefulFromMs: number;
  writtenBackMs: number;
  /**
   * Since when a person has it paused; `RESUMED` where the last word was to resume; null where there was none on this
   * ledger.
   */
  pausedSinceMs: number | null;
  pauser: string | null;
  learned: readonly LearnedBoot[];
  release: number | null;
  rebuiltInMs: number | null;
  readonly spent: Set<string>;
}

const HOUR_MS = 3_600_000;

/** The ledger as an object on a virtual clock. `ledger-contract.ts` holds it to what the one in Redis does. */
export class ModelLedger implements Ledger {
  readonly #clock: { now(): number };
  readonly #policy: LedgerPolicy;
  #records = new Map<string, ModelRecord>();
  #epochMs: number | null = null;
  #pausedAllSinceMs: number | null = null;
  #allPauser: string | null = null;
  #claims = 0;

  constructor(clock: { now(): number }, policy: LedgerPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /** As if Redis had lost everything. */
  empty(): void {
    this.#records = new Map();
    this.#epochMs = null;
    this.#pausedAllSinceMs = null;
  }

  /** As if Redis had dropped the key of this record, and kept that of the spent boots. */
  dropRecord(target: Target): void {
    const { spent } = this.#record(target);
    this.#records.delete(targetKey(target));
    for (const id of spent) this.#record(target).spent.add(id);
  }

  /** As if Redis had dropped the key of the spent boots. */
  dropSpent(target: Target): void {
    this.#record(target).spent.clear();
  }

  /** As if Redis had dropped the key of the pause of all. */
  dropPauseOfAll(): void {
    this.#pausedAllSinceMs = null;
  }

  /** A copy of all that it holds, for `restore`. */
  save(): unknown {
    return structuredClone([this.#records, this.#epochMs, this.#pausedAllSinceMs, this.#allPauser]);
  }

  /** As if a replica that lags had become the master: `saved` is what it has. */
  restore(saved: unknown): void {
    const state = structuredClone(saved) as [Map<string, ModelRecord>, number | null, number | null, string | null];
    [this.#records, this.#epochMs, this.#pausedAllSinceMs, this.#allPauser] = state;
  }

  async read(target: Target): Promise<LedgerView> {
    const nowMs = this.#clock.now();
    const heldUntilMs = this.#heldUntilMs();
    const record = this.#record(target);
    const breakerOpen = record.breakerUntilMs > nowMs;
    return {
      target,
      nowMs,
      open: record.attempt,
      history: record.history.map(publicEntry),
      dryHistory: record.dryHistory.map(publicEntry),
      cooldownUntilMs: record.cooldownUntilMs,
      dryCooldownUntilMs: record.dryCooldownUntilMs,
      sentLastHour: this.#sentLastHour(record),
      heldUntilMs: heldUntilMs > nowMs ? heldUntilMs : 0,
      breakerOpenUntilMs: breakerOpen ? record.breakerUntilMs : 0,
      breakerReason: breakerOpen ? record.breakerReason : null,
      paused: this.#isPaused(record),
      pausedBy: { all: isPause(this.#pausedAllSinceMs), target: isPause(record.pausedSinceMs) },
      hasWordOfPause: { all: this.#pausedAllSinceMs !== null, target: record.pausedSinceMs !== null },
      writtenBackMs: record.writtenBackMs,
      pausedSinceMs: this.#pausedAllSinceMs || record.pausedSinceMs || null,
      pauser: isPause(this.#pausedAllSinceMs) ? this.#allPauser : isPause(record.pausedSinceMs) ? record.pauser : null,
      epochMs: heldUntilMs - this.#policy.holdMs,
      mayBeEvicted: false,
      spentBootIds: [...record.spent],
      spentShownAfterMs: 0,
      uselessRestarts: uselessInARow(
        record.history.filter(({ outcome, closedAtMs }) => outcome === 'restarted' && closedAtMs > record.usefulFromMs),
      ),
      learnedFloorBytes: normalFloor(record.learned, nowMs),
      learnedBytesPerJob: normalBytesPerJob(record.learned, nowMs),
    };
  }

  async open(): Promise<readonly Attempt[]> {
    this.#heldUntilMs();
    return [...this.#records.values()].flatMap((record) => record.attempt ?? []);
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const nowMs = this.#clock.now();
    const record = this.#record(request.target);
    const why = this.#refusal(request, record);
    if (why !== null) return { ok: false, why };
    this.#claims += 1;
    record.spends = [];
    record.attempt = {
      ...request,
      notes: request.notes ?? null,
      id: `attempt-${this.#claims}`,
      platformDynoId: null,
      phase: 'claimed',
      epoch: 0,
      claimedAtMs: nowMs,
      drainingAtMs: null,
      deadlineMs: nowMs + CLAIM_DEADLINE_MS,
      sendingAtMs: null,
      closedAtMs: null,
      outcome: null,
      evidence: null,
    };
    return { ok: true, attempt: record.attempt };
  }

  #refusal(request: ClaimRequest, record: ModelRecord): Exclude<ClaimAnswer, { ok: true }>['why'] | null {
    const nowMs = this.#clock.now();
    const cooldownUntilMs = Math.max(record.cooldownUntilMs, request.dryRun ? record.dryCooldownUntilMs : 0);
    if (this.#isPaused(record)) return 'paused';
    if (nowMs < this.#heldUntilMs()) return 'ledger-hold';
    if (record.attempt !== null) return 'attempt-open';
    if (request.by === 'person') return null;
    if (record.breakerUntilMs > nowMs) return 'breaker-open';
    if (record.spent.has(request.bootId)) return 'boot-spent';
    if (cooldownUntilMs > nowMs) return 'cooldown';
    if (!request.dryRun && this.#sentLastHour(record) >= this.#policy.maxRestartsPerHour) return 'budget';
    return null;
  }

  async advance(attempt: Attempt, move: Move): Promise<AdvanceAnswer> {
    if (!isLegalMove(attempt, move)) throw new Error(`an attempt that is ${attempt.phase} cannot be moved so`);
    const nowMs = this.#clock.now();
    this.#heldUntilMs();
    const record = this.#record(attempt.target);
    const current = record.attempt;
    if (current?.id !== attempt.id || current.phase !== attempt.phase || current.epoch !== attempt.epoch) {
      return { ok: false, why: 'overtaken' };
    }
    if (move.to === 'closed') return { ok: true, attempt: this.#close(record, current, move) };
    if (current.by === 'policy' && record.spent.has(move.platformDynoId)) {
      record.spent.add(current.bootId);
      return { ok: false, why: 'boot-spent' };
    }
    if (nowMs < this.#heldUntilMs()) return { ok: false, why: 'ledger-hold' };
    if (current.by === 'policy') {
      if (record.cooldownUntilMs > nowMs) return { ok: false, why: 'cooldown' };
      if (this.#sentLastHour(record) >= this.#policy.maxRestartsPerHour) return { ok: false, why: 'budget' };
    }
    if (move.to === 'sending') {
      if (this.#isPaused(record)) return { ok: false, why: 'paused' };
      if (current.by === 'policy' && record.breakerUntilMs > nowMs) return { ok: false, why: 'breaker-open' };
      if (nowMs > current.deadlineMs + SEND_WINDOW_MS) return { ok: false, why: 'overtaken' };
      this.#spend(record, [current.bootId, move.platformDynoId]);
    }
    record.attempt = {
      ...current,
      phase: move.to,
      epoch: current.epoch + 1,
      platformDynoId: move.platformDynoId,
      deadlineMs: nowMs + move.deadlineInMs,
      drainingAtMs: move.to === 'draining' ? nowMs : (current.drainingAtMs ?? null),
      sendingAtMs: move.to === 'sending' ? nowMs : null,
      memoryReport: move.to === 'sending' ? (move.memoryReport ?? null) : null,
    };
    return { ok: true, attempt: record.attempt };
  }

  #spend(record: ModelRecord, ids: readonly string[]): void {
    for (const id of ids) {
      if (!record.spent.has(id)) record.spends.push(id);
      record.spent.add(id);
    }
    record.sent.push(this.#clock.now());
  }

  #close(record: ModelRecord, current: Attempt, move: Extract<Move, { to: 'closed' }>): Attempt {
    const nowMs = this.#clock.now();
    const { outcome, evidence, notTheTargets = false } = move;
    const closed: Attempt = {
      ...current,
      phase: 'closed',
      epoch: current.epoch + 1,
      closedAtMs: nowMs,
      outcome,
      evidence,
    };
    if (outcome === 'refused') for (const id of record.spends) record.spent.delete(id);
    const { id: attemptId, dyno, bootId, by, reason, sendingAtMs, usageBytes } = current;
    const entry = { attemptId, dyno, bootId, by, reason, sendingAtMs, usageBytes };
    const history = current.dryRun ? record.dryHistory : record.history;
    const expectedBytes = current.notes?.expectedBytes ?? null;
    const unknown = { reclaimedBytes: null, backAfterMs: null };
    history.unshift({ ...entry, ...unknown, expectedBytes, outcome, closedAtMs: nowMs, notTheTargets });
    const untilMs = startsCooldown(current.phase, outcome) ? (sendingAtMs ?? nowMs) + this.#policy.cooldownMs : 0;
    if (current.dryRun) record.dryCooldownUntilMs = Math.max(record.dryCooldownUntilMs, untilMs);
    else record.cooldownUntilMs = Math.max(record.cooldownUntilMs, untilMs);
    record.attempt = null;
    this.#judgeBreaker(record);
    return closed;
  }

  async recordReclaimed(target: Target, attemptId: string, reclaimedBytes: number): Promise<void> {
    const record = this.#record(target);
    const index = record.history.findIndex((entry) => entry.attemptId === attemptId && entry.reclaimedBytes === null);
    const entry = record.history[index];
    if (entry === undefined) return;
    record.history[index] = { ...entry, reclaimedBytes };
    this.#judgeBreaker(record);
  }

  async recordBackSoon(target: Target, attemptId: string, backAfterMs: number): Promise<void> {
    const record = this.#record(target);
    const index = record.history.findIndex((entry) => entry.attemptId === attemptId && entry.backAfterMs === null);
    const entry = record.history[index];
    if (entry === undefined) return;
    record.history[index] = { ...entry, backAfterMs };
    this.#judgeBreaker(record);
  }

  async learnFloor(target: Target, boot: Omit<LearnedBoot, 'learnedAtMs'>): Promise<void> {
    const record = this.#record(target);
    record.learned = keepLearned(record.learned, { ...boot, learnedAtMs: this.#clock.now() });
  }

  async noteRelease(target: Target, version: number): Promise<void> {
    const record = this.#record(target);
    const before = record.release;
    if (before !== null && before >= version) return;
    record.release = version;
    if (before !== null) this.#closeBreaker(record);
  }

  async rebuild(target: Target, restartedAtMs: readonly number[]): Promise<void> {
    this.#heldUntilMs();
    const record = this.#record(target);
    if (record.rebuiltInMs === this.#epochMs) return;
    record.rebuiltInMs = this.#epochMs;
    const [newestMs] = restartedAtMs;
    if (newestMs === undefined || this.#sentLastHour(record) > 0) return;
    record.sent.push(...restartedAtMs);
    record.cooldownUntilMs = Math.max(record.cooldownUntilMs, newestMs + this.#policy.cooldownMs);
  }

  async writeBack(target: Target, known: KnownRecord): Promise<void> {
    const nowMs = this.#clock.now();
    this.#heldUntilMs();
    const record = this.#record(target);
    for (const id of known.spentBootIds) record.spent.add(id);
    if (known.cooldownUntilMs > nowMs) {
      record.cooldownUntilMs = Math.max(record.cooldownUntilMs, known.cooldownUntilMs);
    }
    if (known.pausedBy.all && this.#pausedAllSinceMs === null) await this.pause(null, known.pauser);
    if (known.pausedBy.target && record.pausedSinceMs === null) await this.pause(target, known.pauser);
    if (known.breakerOpenUntilMs > nowMs && record.countFromMs === 0) {
      record.breakerUntilMs = known.breakerOpenUntilMs;
      record.countFromMs = known.breakerOpenUntilMs;
      record.breakerReason = known.breakerReason;
    }
    this.#countAgain(record, known.sentAtMs);
    record.writtenBackMs = Math.max(nowMs, record.writtenBackMs);
    const { attempt } = record;
    const later = [known.sending, ...known.sentAttempts].find((one) => one?.id === attempt?.id);
    if (attempt !== null && later && attempt.epoch < later.epoch) record.attempt = later;
    const isClosed = record.history.some(({ attemptId }) => attemptId === known.sending?.id);
    if (record.attempt !== null || isClosed || known.sending === null) return;
    record.attempt = known.sending;
    record.spends = [];
  }

  #countAgain(record: ModelRecord, sentAtMs: readonly number[]): void {
    const nowMs = this.#clock.now();
    for (const atMs of sentAtMs) {
      const cooldownUntilMs = atMs + this.#policy.cooldownMs;
      if (cooldownUntilMs > nowMs) record.cooldownUntilMs = Math.max(record.cooldownUntilMs, cooldownUntilMs);
      if (nowMs >= this.#heldUntilMs() && !record.sent.includes(atMs)) record.sent.push(atMs);
    }
  }

  async pause(target: Target | null, by: string | null = null): Promise<void> {
    if (target === null) {
      if (!isPause(this.#pausedAllSinceMs)) this.#allPauser = by;
      this.#pausedAllSinceMs ||= this.#clock.now();
      return;
    }
    const record = this.#record(target);
    if (!isPause(record.pausedSinceMs)) record.pauser = by;
    record.pausedSinceMs ||= this.#clock.now();
  }

  async resume(target: Target | null): Promise<void> {
    if (target === null) {
      this.#pausedAllSinceMs = RESUMED;
      for (const record of this.#records.values()) this.#closeBreaker(record);
      return;
    }
    const record = this.#record(target);
    record.pausedSinceMs = RESUMED;
    this.#closeBreaker(record);
  }

  #judgeBreaker(record: ModelRecord): void {
    const nowMs = this.#clock.now();
    if (record.breakerUntilMs > nowMs) return;
    const counted = record.history.filter((entry) => entry.closedAtMs > record.countFromMs);
    const reason = breakerReason(counted);
    if (reason === null) return;
    record.breakerUntilMs = nowMs + BREAKER_OPEN_MS;
    record.countFromMs = record.breakerUntilMs;
    record.breakerReason = reason;
  }

  #closeBreaker(record: ModelRecord): void {
    record.breakerUntilMs = 0;
    record.breakerReason = null;
    record.countFromMs = this.#clock.now();
    record.usefulFromMs = this.#clock.now();
  }

  #record(target: Target): ModelRecord {
    const key = targetKey(target);
    const record = this.#records.get(key) ?? newRecord(target);
    this.#records.set(key, record);
    return record;
  }

  #isPaused(record: ModelRecord): boolean {
    return isPause(this.#pausedAllSinceMs) || isPause(record.pausedSinceMs);
  }

  #sentLastHour(record: ModelRecord): number {
    return record.sent.filter((atMs) => atMs > this.#clock.now() - HOUR_MS).length;
  }

  #heldUntilMs(): number {
    this.#epochMs ??= this.#clock.now();
    return this.#epochMs + this.#policy.holdMs;
  }
}

function newRecord(target: Target): ModelRecord {
  return {
    target,
    attempt: null,
    spends: [],
    history: [],
    dryHistory: [],
    sent: [],
    cooldownUntilMs: 0,
    dryCooldownUntilMs: 0,
    breakerUntilMs: 0,
    breakerReason: null,
    countFromMs: 0,
    usefulFromMs: 0,
    writtenBackMs: 0,
    pausedSinceMs: null,
    pauser: null,
    learned: [],
    release: null,
    rebuiltInMs: null,
    spent: new Set(),
  };
}

const publicEntry = ({ notTheTargets: _, ...entry }: ModelEntry): HistoryEntry => entry;
