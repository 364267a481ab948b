import { isOff, type Standing, standingOf, targetsToWatch } from '../../decision/standing.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { HistoryEntry, LedgerView } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';
import { inBatches } from '../in-batches.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { Rules } from '../loop/fleet.ts';
import type { Log } from './log.ts';

export interface StandingsParts {
  readonly registry: BootRegistry;
  readonly ledgers: LedgerAccess;
  readonly rules: Rules;
  /** Whether Redis takes writes; false where it is full, or a replica. Must not reject. */
  readonly isWritable: () => Promise<boolean>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/** Ledgers that are asked for before the first answer is waited for. */
const AT_ONCE = 100;

/**
 * How each target stands: paused, held, dry, in cooldown. Read from the ledger in every tick and after a person's
 * command, and answered from memory: `/readyz` is open to everyone, so a request must not cause a call to Redis.
 */
export class Standings {
  readonly #parts: StandingsParts;
  #standings: readonly Standing[] = [];
  #views: ReadonlyMap<TargetKey, LedgerView> = new Map();
  #takesWrites = true;

  constructor(parts: StandingsParts) {
    this.#parts = parts;
  }

  all(): readonly Standing[] {
    return this.#standings;
  }

  /** Whether every target's own state already explains why none of its dynos is restarted. */
  areOff(): boolean {
    return this.#standings.length === 0 || this.#standings.every(isOff);
  }

  /** The closed attempts of all targets. */
  history(): readonly HistoryEntry[] {
    return [...this.#views.values()].flatMap((view) => [...view.history, ...view.dryHistory]);
  }

  /** The ledgers as they were at the last look; a target whose ledger could not be read is not among them. */
  views(): ReadonlyMap<TargetKey, LedgerView> {
    return this.#views;
  }

  /** False where Redis refused writes at the last look: then nothing can be claimed. */
  takesWrites(): boolean {
    return this.#takesWrites;
  }

  /** Does not reject for faults of Redis. */
  async refresh(): Promise<void> {
    const { ledgers, rules, isWritable } = this.#parts;
    const { permissions, policy } = rules;
    const { maxRestartsPerHour } = policy;
    if (ledgers.state() === 'available') this.#note(await isWritable());
    const targets = this.#targets();
    const views = new Map<TargetKey, LedgerView>();
    await inBatches(targets, AT_ONCE, async (target) => {
      const view = await ledgers.read(target);
      if (view !== null) views.set(targetKey(target), view);
    });
    this.#standings = targets.map((target) =>
      standingOf({ target, permissions, maxRestartsPerHour, ledger: views.get(targetKey(target)) ?? null }),
    );
    this.#views = views;
  }

  #note(takesWrites: boolean): void {
    const { log } = this.#parts;
    if (this.#takesWrites && !takesWrites) {
      const advice =
        'its memory is full (INFO memory), it is a replica (INFO replication), or it cannot save to its disk';
      log.warn('Redis takes no writes: nothing is restarted until it does', { advice });
    }
    if (!this.#takesWrites && takesWrites) log.info('Redis takes writes again');
    this.#takesWrites = takesWrites;
  }

  #targets(): readonly Target[] {
    const { rules, registry } = this.#parts;
    return targetsToWatch(rules.permissions, registry.targets());
  }
}
