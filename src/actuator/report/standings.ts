import { isOff, type Standing, standingOf, targetsToWatch } from '../../decision/standing.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Target } from '../../model/target.ts';
import type { HistoryEntry, LedgerView } from '../../ports.ts';
import type { ActuatorParts } from '../parts.ts';

type StandingParts = Pick<ActuatorParts, 'log' | 'ledger' | 'ledgerState' | 'permissions' | 'policy' | 'registry'>;

/**
 * How each target stands: paused, held, dry, what its last restarts leave it. Read from the ledger in every tick and after a person's word, so
 * that whoever asks is answered from memory: `/readyz` is open to everyone, and must not cause a call for each request.
 */
export class Standings {
  readonly #parts: StandingParts;
  readonly #isWritable: () => Promise<boolean>;
  #standings: readonly Standing[] = [];
  #history: readonly HistoryEntry[] = [];
  #takesWrites = true;

  /** @param isWritable whether Redis takes writes; false where it is full, or a replica. Must not reject. */
  constructor(parts: StandingParts, isWritable: () => Promise<boolean>) {
    this.#parts = parts;
    this.#isWritable = isWritable;
  }

  all(): readonly Standing[] {
    return this.#standings;
  }

  /** Whether a target's own state already says why nothing of it is restarted, for every target. */
  areOff(): boolean {
    return this.#standings.length === 0 || this.#standings.every(isOff);
  }

  /** The closed attempts of all targets. */
  history(): readonly HistoryEntry[] {
    return this.#history;
  }

  /** False where the last look found that Redis takes no writes: then nothing can be claimed. */
  takesWrites(): boolean {
    return this.#takesWrites;
  }

  /** Never rejects for what Redis does. */
  async refresh(): Promise<void> {
    const { permissions, policy, ledgerState } = this.#parts;
    const { maxRestartsPerHour } = policy;
    if (ledgerState() === 'available') this.#note(await this.#isWritable());
    const targets = this.#targets();
    const views = await Promise.all(targets.map((target) => this.#read(target)));
    this.#standings = targets.map((target, index) =>
      standingOf({ target, permissions, maxRestartsPerHour, ledger: views[index] ?? null }),
    );
    this.#history = views.flatMap((view) => (view === null ? [] : [...view.history, ...view.dryHistory]));
  }

  #note(takesWrites: boolean): void {
    const { log } = this.#parts;
    if (this.#takesWrites && !takesWrites) {
      const advice = 'see whether its memory is full (INFO memory), or whether it cannot save to its disk';
      log.warn('Redis takes no writes: nothing is restarted until it does', { advice });
    }
    if (!this.#takesWrites && takesWrites) log.info('Redis takes writes again');
    this.#takesWrites = takesWrites;
  }

  async #read(target: Target): Promise<LedgerView | null> {
    const { ledger, ledgerState } = this.#parts;
    if (ledger === null || ledgerState() !== 'available') return null;
    try {
      return await ledger.read(target);
    } catch (error) {
      if (error instanceof LedgerUnavailable) return null;
      throw error;
    }
  }

  #targets(): readonly Target[] {
    const { permissions, registry } = this.#parts;
    const seen = registry.entries().flatMap(({ boot: { identity } }) => {
      const { app, processType } = identity;
      return app === null ? [] : [{ app, processType }];
    });
    return targetsToWatch(permissions, seen);
  }
}
