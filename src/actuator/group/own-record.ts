import type { RedisState } from '../../adapters/redis/state.ts';
import { silentAfterMs } from '../../detector/boot/silence.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { ActuatorRecord, Clock } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Fleet } from '../loop/fleet.ts';
import type { Leadership } from '../loop/leadership.ts';

export interface OwnRecordParts {
  /** Of this run of the actuator. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly registry: Pick<BootRegistry, 'entries'>;
  readonly fleet: Pick<Fleet, 'policy' | 'watchedTargets'>;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: (() => readonly number[]) | null;
  /** Null where no Redis is configured. */
  readonly state: Pick<RedisState, 'actuators' | 'available'> | null;
  readonly clock: Clock;
}

/** Targets in a record: more than that hold is shown by its number of dynos alone. */
const MAX_TARGETS = 5_000;
/** Rounds of the loop may be shorter. */
const SAVE_EVERY_MS = 5_000;

/** What this actuator says of itself to the others, which show it. */
export class OwnRecord {
  readonly #parts: OwnRecordParts;
  readonly #startedAtMs: number;
  #savedMs = Number.NEGATIVE_INFINITY;
  #members = 1;

  constructor(parts: OwnRecordParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
  }

  now(): ActuatorRecord {
    const { id, name, registry, fleet, leadership, partitions, clock } = this.#parts;
    const leads = leadership.leads();
    const nowMs = clock.now();
    const { windowMs } = fleet.policy;
    const reporting = leads
      ? registry.entries().filter(({ boot }) => nowMs - boot.lastPointMs <= silentAfterMs(boot, windowMs))
      : [];
    return {
      id,
      name,
      startedAtMs: this.#startedAtMs,
      leads,
      partitions: partitions?.() ?? null,
      targets: fleet.watchedTargets(reporting).slice(0, MAX_TARGETS).map(targetKey),
      dynos: reporting.length,
    };
  }

  /** Actuators that watch dynos at the same time, this one included. Without Kafka only one of several does. */
  get members(): number {
    return this.#parts.partitions === null ? 1 : this.#members;
  }

  /** To be called in every round of the loop. Does not reject for faults of Redis. */
  async save(): Promise<void> {
    const { state, clock } = this.#parts;
    if (state === null || !state.available() || clock.monotonic() - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = clock.monotonic();
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
