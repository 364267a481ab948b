import type { RedisState } from '../../adapters/redis/state.ts';
import { isSilentAt } from '../../detector/boot/silence.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { ActuatorRecord, Clock } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Fleet } from '../loop/fleet.ts';
import type { Leadership } from '../loop/leadership.ts';
import { stepByStep } from '../loop/turns.ts';

export interface OwnRecordParts {
  /** Of this run of the actuator. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly registry: Pick<BootRegistry, 'apps'>;
  readonly fleet: Pick<Fleet, 'policy' | 'watchedTargets'>;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: (() => readonly number[]) | null;
  /** Null where no Redis is configured. */
  readonly state: Pick<RedisState, 'actuators' | 'available'> | null;
  readonly clock: Clock;
  /** Its allow-list, as `TIDEMARK_TARGETS` says it. */
  readonly allowed: readonly string[];
}

type Held = Pick<ActuatorRecord, 'targets' | 'dynos'>;

/** Targets in a record: more than that hold is shown by its number of dynos alone. */
const MAX_TARGETS = 5_000;
const MAX_ALLOWED = 1_000;
/** Rounds of the loop may be shorter. */
const SAVE_EVERY_MS = 5_000;

/** What this actuator says of itself to the others, which show it. */
export class OwnRecord {
  readonly #parts: OwnRecordParts;
  readonly #startedAtMs: number;
  #savedMs = Number.NEGATIVE_INFINITY;
  #members = 1;
  #held: Held = { targets: [], dynos: 0 };

  constructor(parts: OwnRecordParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
  }

  /** What it holds is as at the last `save`. */
  now(): ActuatorRecord {
    const { id, name, leadership, partitions, allowed } = this.#parts;
    const leads = leadership.leads();
    return {
      id,
      name,
      startedAtMs: this.#startedAtMs,
      leads,
      partitions: partitions?.() ?? null,
      allowed: allowed.slice(0, MAX_ALLOWED),
      ...(leads ? this.#held : { targets: [], dynos: 0 }),
    };
  }

  *#look(): Generator<void, Held> {
    const { registry, fleet, clock } = this.#parts;
    const nowMs = clock.now();
    const { windowMs } = fleet.policy;
    const oneOfEach = new Map<string, BootEntry>();
    let dynos = 0;
    for (const ofApp of registry.apps()) {
      for (const ofDyno of ofApp.byDyno()) {
        for (const entry of ofDyno) {
          const { boot } = entry;
          if (isSilentAt(boot, nowMs, windowMs)) continue;
          dynos += 1;
          oneOfEach.set(`${boot.identity.app}|${boot.identity.processType}`, entry);
        }
        yield;
      }
    }
    const targets = fleet.watchedTargets([...oneOfEach.values()]);
    return { targets: targets.slice(0, MAX_TARGETS).map(targetKey), dynos };
  }

  /** Actuators that watch dynos at the same time, this one included. Without Kafka only one of several does. */
  get members(): number {
    return this.#parts.partitions === null ? 1 : this.#members;
  }

  /** To be called in every round of the loop. Does not reject for faults of Redis. */
  async save(): Promise<void> {
    const { state, clock } = this.#parts;
    if (clock.monotonic() - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = clock.monotonic();
    this.#held = await stepByStep(this.#look());
    if (!state?.available()) return;
    this.#members = (await unlessAway(state.actuators.save(this.now()))) ?? this.#members;
  }

  /** At a stop, so that nobody misses it. */
  async remove(): Promise<void> {
    const { id, state } = this.#parts;
    if (state?.available()) await unlessAway(state.actuators.remove(id));
  }
}

/** The log has it already that Redis is away. */
async function unlessAway<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    return null;
  }
}
