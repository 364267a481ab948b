/** An actuator that wrote nothing for this long is missing: it writes every five to ten seconds. */
export const MISSED_AFTER_MS = 30_000;

/** What one of several actuators says of itself, for the others to show. */
export interface ActuatorRecord {
  /** Of this run of it. */
  readonly id: string;
  /** For people: the dyno it runs in, or machine and process. */
  readonly name: string;
  /** Unix ms, by its own clock. */
  readonly startedAtMs: number;
  /** Whether it takes measurements and decides; false: it stands by. */
  readonly leads: boolean;
  /** The partitions of Kafka that it holds; null where its measurements come another way. */
  readonly partitions: readonly number[] | null;
  /** `app:type` of the targets whose dynos report to it; the first ones, where there are more than a record holds. */
  readonly targets: readonly string[];
  /** Its allow-list, as `TIDEMARK_TARGETS` says it. Absent in records of older versions. */
  readonly allowed?: readonly string[];
  /** Dynos that report to it. */
  readonly dynos: number;
}

/** A record, and when it was written. */
export interface SeenActuator extends ActuatorRecord {
  /** For how long nothing was heard of it (ms), by the clock of the store. */
  readonly silentMs: number;
}

/** The records of all actuators on one Redis. Each expires some minutes after it was written last. */
export interface Actuators {
  /**
   * Returns how many actuators there are, this one included and those that are missed left out. Throws
   * `LedgerUnavailable`, as all of them.
   */
  save(record: ActuatorRecord): Promise<number>;
  /** It stops, so nobody is to miss it. */
  remove(id: string): Promise<void>;
  /** By name; what is damaged is left out. */
  all(): Promise<readonly SeenActuator[]>;
}
