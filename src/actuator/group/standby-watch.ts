import type { RedisState } from '../../adapters/redis/state.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { covers, parseTargetPatterns, type TargetPattern, targetKey } from '../../model/target.ts';
import type { Host } from '../host.ts';
import type { Leadership } from '../loop/leadership.ts';
import { isMissed } from './actuator-views.ts';

export interface StandbyWatchParts {
  /** Of this actuator, with the names of its apps: no `.`. */
  readonly allowed: readonly TargetPattern[];
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Null where no Redis is configured. */
  readonly state: Pick<RedisState, 'actuators' | 'available'> | null;
  readonly host: Host;
}

/** For so long two actuators may differ, while one takes the place of another. */
const LOOK_EVERY_MS = 60_000;

/**
 * Says which targets nobody restarts, as this actuator stands by for one that does not have them on its allow-list: two
 * services with a target each on one Redis, for example.
 */
export class StandbyWatch {
  readonly #parts: StandbyWatchParts;
  #lookedMs: number | null = null;
  #said = '';

  constructor(parts: StandbyWatchParts) {
    this.#parts = parts;
  }

  /** To be called in every round of the loop. Does not reject for faults of Redis. */
  async look(): Promise<void> {
    const { leadership, state, host } = this.#parts;
    if (leadership.leads() || !state?.available()) {
      this.#lookedMs = null;
      return;
    }
    const nowMs = host.clock.monotonic();
    this.#lookedMs ??= nowMs;
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    try {
      this.#say(await this.#leftOut(state));
    } catch (error) {
      // The log has it already that Redis is away.
      if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }

  /** Of this allow-list, what no leader has on its own. Empty where that is not known. */
  async #leftOut({ actuators }: Pick<RedisState, 'actuators'>): Promise<readonly string[]> {
    const leaders = (await actuators.all()).filter((one) => one.leads && !isMissed(one));
    const theirs = parseTargetPatterns(leaders.flatMap(({ allowed }) => allowed ?? []).join());
    if (leaders.length === 0 || leaders.some(({ allowed }) => allowed === undefined) || !theirs.ok) return [];
    return this.#parts.allowed.filter((pattern) => !covers(theirs.patterns, pattern, null)).map(targetKey);
  }

  #say(targets: readonly string[]): void {
    const text = targets.join(', ');
    if (text !== '' && text !== this.#said) {
      this.#parts.host.log.warn(
        `the actuator that leads does not have ${text} in its TIDEMARK_TARGETS, so nobody restarts them: give all ` +
          'actuators on a Redis the same targets, or this one a Redis of its own (TIDEMARK_REDIS_URL)',
      );
    }
    this.#said = text;
  }
}

/** The allow-list with the name of the app that `.` stands for; without `.` where that is not known. */
export function namedPatterns(allowed: readonly TargetPattern[], ownApp: string | null): readonly TargetPattern[] {
  return allowed.flatMap((pattern) => {
    if (pattern.app !== '.') return pattern;
    return ownApp === null ? [] : { ...pattern, app: ownApp };
  });
}
