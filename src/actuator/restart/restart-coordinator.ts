import type { DrainKeys } from '../../adapters/redis/drain-keys.ts';
import type { Attempt } from '../../attempt/attempt.ts';
import type { Permission } from '../../attempt/attempt-step.ts';
import { onDrainTimeout } from '../../attempt/boot-idle.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { Decision } from '../../model/decision.ts';
import { LedgerUnavailable, UnreadableRecord } from '../../model/errors.ts';
import { carriesId } from '../../model/listing.ts';
import type { BootIdentity } from '../../model/point.ts';
import { matchesAny, type Target, targetKey } from '../../model/target.ts';
import type { ActuatorEvent, ClaimAnswer, Clock, Ledger, Platform, PlatformDyno } from '../../ports.ts';
import type { RestartRequestAnswer } from '../../web/control.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { PlatformView } from '../platform-view.ts';
import type { DecisionLog } from '../report/decision-log.ts';
import type { Log } from '../report/log.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { AttemptDrain } from './drain-session.ts';

export interface RestartsOptions {
  readonly ledger: Ledger;
  readonly platform: Platform;
  readonly platformView: PlatformView;
  /** Null where the queue's Redis is not configured. */
  readonly drainKeys: DrainKeys | null;
  readonly clock: Clock;
  readonly registry: BootRegistry;
  readonly decisions: DecisionLog;
  readonly settings: ActuatorSettings;
  /** Whether the newest points still ask for this restart; null where they cannot be judged yet. */
  readonly stillHolds: (attempt: Attempt) => boolean | null;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  readonly log: Log;
}

/** Turns decisions and a person's word into attempts, and drives them through the runner. */
export class RestartCoordinator {
  readonly #options: RestartsOptions;
  readonly #runner: AttemptRunner;
  readonly #drain: AttemptDrain;
  readonly #advancing = new Set<Promise<void>>();

  constructor(options: RestartsOptions) {
    const { ledger, platform, platformView, clock, settings } = options;
    const { graceMs } = settings.policy;
    this.#options = options;
    this.#drain = new AttemptDrain({
      keys: options.drainKeys,
      ledger,
      registry: options.registry,
      clock,
      graceMs,
      log: options.log,
      onOver: () => this.advance(),
    });
    this.#runner = new AttemptRunner({
      ledger,
      platform,
      clock,
      drain: this.#drain,
      graceMs,
      minHealthy: settings.policy.minHealthy,
      onDrainTimeout: (attempt) => onDrainTimeout(attempt, this.#drain.wasAnswered(attempt)),
      permission: (target) => this.#permission(target),
      stillHolds: options.stillHolds,
      isCarriedByAnother: ({ target: { app }, bootId }, dynoId) =>
        carriesId(
          options.registry.entries().map(({ boot }) => boot),
          { app, bootId, dynoId },
        ),
      mayCallPlatform: () => !platformView.isBlocked(),
      onMove: (attempt) => this.#moved(attempt),
    });
  }

  /**
   * Starts to take every open attempt as far as it goes. Not awaited by the loop, and calls may overlap: one target's slow answer must keep
   * neither the others' attempts nor the judging waiting.
   */
  advance(): void {
    const advancing = this.#advanceAll().finally(() => this.#advancing.delete(advancing));
    this.#advancing.add(advancing);
  }

  async #advanceAll(): Promise<void> {
    const { faults, platformBlocked } = await this.#runner.advanceAll();
    for (const { target, error } of faults) {
      // Told when it was found.
      if (error instanceof UnreadableRecord) continue;
      const level = error instanceof LedgerUnavailable ? 'warn' : 'error';
      this.#options.log[level]('an attempt could not go on; it will be tried again', {
        target: target === null ? null : targetKey(target),
        error: error.message,
      });
    }
    if (platformBlocked !== null) this.#options.platformView.block(platformBlocked);
  }

  /** Claims the boot that a decision is about. Whatever is answered, nothing is lost: the next tick decides afresh. */
  async claim(decision: Decision, boot: BootIdentity): Promise<void> {
    const { log, decisions } = this.#options;
    if (decision.target === null) return;
    try {
      const answer = await this.#runner.claim({
        target: decision.target,
        ...markOf(boot),
        by: 'policy',
        dryRun: decision.dryRun,
        reason: decision.reason,
        explanation: decision.explanation,
        usageBytes: decision.usageBytes,
        floorBytes: decision.floorBytes,
        limitBytes: decision.limitBytes,
      });
      if (answer.ok) decisions.attach(answer.attempt);
      else
        log.info('the ledger granted no attempt', {
          target: targetKey(decision.target),
          dyno: boot.dyno,
          why: answer.why,
        });
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      log.warn('the ledger did not answer a claim', { target: targetKey(decision.target), error: error.message });
    }
  }

  /** Throws `LedgerUnavailable` and `PlatformError`. */
  async claimForPerson(app: string, dyno: string): Promise<RestartRequestAnswer> {
    const found = await this.#find(app, dyno);
    if (found === 'not-allowed' || found === 'unknown-dyno') return { ok: false, why: found };
    const target = { app, processType: found.boot.processType };
    const permission = this.#permission(target);
    if (permission === 'forbidden') return { ok: false, why: 'not-allowed' };
    const dryRun = permission === 'dry';
    const answer: ClaimAnswer = await this.#runner.claim({
      target,
      ...markOf(found.boot),
      by: 'person',
      dryRun,
      reason: 'requested',
      explanation: 'A person asked for it.',
      usageBytes: found.decision?.usageBytes ?? null,
      floorBytes: found.decision?.floorBytes ?? null,
      limitBytes: found.decision?.limitBytes ?? null,
    });
    if (!answer.ok) return answer;
    this.advance();
    return { ok: true, attemptId: answer.attempt.id, dryRun };
  }

  /** Begins nothing new and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#runner.stop();
    await Promise.all(this.#advancing);
    await this.#drain.stop();
  }

  /** The platform's own view: the boot that a person means is the one that runs now, whether or not it sends points. */
  async #find(app: string, dyno: string): Promise<Found | 'not-allowed' | 'unknown-dyno'> {
    const { registry, settings, platform } = this.#options;
    const { allowed, ownApp } = settings.permissions;
    // Apps that nothing may be restarted of are not even read.
    if (!allowed.some(({ processType }) => matchesAny(allowed, { app, processType }, ownApp))) return 'not-allowed';
    const listed = (await platform.list(app)).find(({ name }) => name === dyno);
    if (listed === undefined) return 'unknown-dyno';
    return { boot: identityOf(app, listed), decision: registry.newestOf(app, dyno)?.decision ?? null };
  }

  #permission(target: Target): Permission {
    const { allowed, dryRun, ownApp } = this.#options.settings.permissions;
    if (!matchesAny(allowed, target, ownApp)) return 'forbidden';
    if (typeof dryRun === 'boolean') return dryRun ? 'dry' : 'allowed';
    return matchesAny(dryRun, target, ownApp) ? 'dry' : 'allowed';
  }

  #moved(attempt: Attempt): void {
    const { clock, publish } = this.#options;
    void publish({ type: 'attempt', timeMs: clock.now(), attempt, phase: attempt.phase });
  }
}

interface Found {
  readonly boot: BootIdentity;
  readonly decision: Decision | null;
}

function markOf({ dyno, bootId, bootIdSource, startTimeMs }: BootIdentity) {
  return { dyno, bootId, bootIdSource, bootStartTimeMs: startTimeMs };
}

function identityOf(app: string, dyno: PlatformDyno): BootIdentity {
  return {
    app,
    dyno: dyno.name,
    processType: dyno.processType,
    bootId: dyno.id,
    bootIdSource: 'platform',
    startTimeMs: dyno.createdAtMs,
    release: dyno.releaseVersion === null ? null : `v${dyno.releaseVersion}`,
  };
}
