import { parseTarget, type Target, targetKey } from '../../model/target.ts';

/** Every key of the state begins with this. */
const KEY_PREFIX = 'tidemark:';

/**
 * The names of all keys, in one place. None expires but those of leaders, actuators, webhooks and boots,
 * and the time over the quota.
 */
export function createKeys(prefix: string = KEY_PREFIX) {
  return {
    /** Hash: the record of one target. */
    record: (target: Target) => `${prefix}ledger:${targetKey(target)}`,
    /** The target of a record's key; null for another text. */
    targetOf: (record: string) =>
      record.startsWith(`${prefix}ledger:`) ? parseTarget(record.slice(`${prefix}ledger:`.length)) : null,
    /** Sorted set: the boots of one target that were sent for, by the time of sending. */
    spent: (target: Target) => `${prefix}spent:${targetKey(target)}`,
    /** Set: keys of the records with an open attempt. */
    open: `${prefix}open`,
    /** Set: keys of all records. */
    records: `${prefix}ledgers`,
    pauseAll: `${prefix}pause-all`,
    epoch: `${prefix}epoch`,
    journal: `${prefix}journal`,
    leader: `${prefix}leader`,
    /** String, JSON: the time over the quota by target and hour. Expires after nine days. */
    overLimit: `${prefix}over-limit`,
    /** String: the last week whose summary was sent. */
    summaryWeek: `${prefix}summary-week`,
    /** String, JSON: what an actuator says of itself. Expires ten minutes after the last write. */
    actuator: (id: string) => `${prefix}actuator:${id}`,
    /** Set: ids of the actuators with a record. Some records may have expired. */
    actuators: `${prefix}actuators`,
    /** Stream: webhooks of Heroku that one of several actuators took. Expires ten minutes after the last one. */
    webhooks: `${prefix}webhooks`,
    /** Exists only while a script tries the commands of the state. */
    probe: `${prefix}probe`,
    snapshot: (bootKey: string) => `${prefix}boot:${bootKey}`,
    /** String, JSON: what jobs did in a boot. Expires a day after the last write. */
    jobs: (bootKey: string) => `${prefix}jobs:${bootKey}`,
    /**
     * Set: keys of the boots with a snapshot; of a partition of Kafka those whose points come from it. Some snapshots
     * may have expired.
     */
    snapshots: (partition: number | null) => (partition === null ? `${prefix}boots` : `${prefix}boots:${partition}`),
  };
}

export type Keys = ReturnType<typeof createKeys>;
