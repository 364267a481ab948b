import { RecurringFault } from '../../adapters/recurring-fault.ts';
import { isOff, type LedgerUnusable, type Standing, standingOf, targetsToWatch } from '../../decision/standing.ts';
import { STATE_OBSTACLES, type StateObstacle } from '../../model/state-obstacle.ts';
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
  /** What keeps Redis from holding the state; null where nothing is known to. Must not reject. */
  readonly stateObstacle: () => Promise<StateObstacle | null>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

const NO_REDIS: LedgerUnusable = { says: 'no Redis is configured', advice: 'set REDIS_URL in the actuator' };

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
  #obstacle: StateObstacle | null = null;
  readonly #obstacles: RecurringFault;

  constructor(parts: StandingsParts) {
    this.#parts = parts;
    this.#obstacles = new RecurringFault({ say: (level, ...line) => parts.log[level](...line) });
  }

  all(): readonly Standing[] {
    return this.#standings;
  }

  /** Whether the ledger was of no use to any target at the last look: it could not be read, or takes no writes. */
  isLedgerUnusable(): boolean {
    if (this.#obstacle !== null) return true;
    const isUnusable = ({ obstacles }: Standing) => obstacles.some(({ code }) => code === 'ledger-unavailable');
    return this.#standings.length > 0 && this.#standings.every(isUnusable);
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

  /** What kept Redis from holding the state at the last look: then nothing can be claimed. Null where nothing did. */
  stateObstacle(): StateObstacle | null {
    return this.#obstacle;
  }

  /** Does not reject for faults of Redis. */
  async refresh(): Promise<void> {
    const { ledgers, rules, stateObstacle } = this.#parts;
    const { permissions, policy } = rules;
    const { maxRestartsPerHour } = policy;
    this.#note(await stateObstacle());
    const targets = this.#targets();
    const views = new Map<TargetKey, LedgerView>();
    await inBatches(targets, AT_ONCE, async (target) => {
      const view = await ledgers.read(target);
      if (view !== null) views.set(targetKey(target), view);
    });
    const unusable = this.#unusable();
    this.#standings = targets.map((target) =>
      standingOf({ target, permissions, maxRestartsPerHour, ledger: views.get(targetKey(target)) ?? null, unusable }),
    );
    this.#views = views;
  }

  #note(found: StateObstacle | null): void {
    const { ledgers } = this.#parts;
    const before = this.#obstacle;
    this.#obstacle = found;
    if (found?.code === before?.code) return;
    if (found !== null) {
      const { says, advice } = STATE_OBSTACLES[found.code];
      const message = `${says}: nothing is restarted until that is mended`;
      this.#obstacles.happened({ message, fields: { detail: found.detail, advice } });
    } else this.#obstacles.over(ledgers.state() === 'available' ? { message: 'Redis holds the state again' } : null);
  }

  #unusable(): LedgerUnusable | null {
    if (this.#obstacle !== null) return STATE_OBSTACLES[this.#obstacle.code];
    return this.#parts.ledgers.state() === 'not-configured' ? NO_REDIS : null;
  }

  #targets(): readonly Target[] {
    const { rules, registry } = this.#parts;
    return targetsToWatch(rules.permissions, registry.targets());
  }
}
