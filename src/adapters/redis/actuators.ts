import { type ActuatorRecord, type Actuators, MISSED_AFTER_MS, type SeenActuator } from '../../ports/actuators.ts';
import { type ReadText, readMembers, readTexts } from './connection/bounded-reads.ts';
import type { RedisConnection } from './connection/connection.ts';
import type { Keys } from './keys.ts';

/** Long enough to miss one that died; then its partitions have been with others for long. */
const EXPIRY_MS = 10 * 60_000;
/** What PTTL answers where there is no key. */
const MISSING_KEY = -2;
/** Records that are read. */
const MAX_ACTUATORS = 100;
/** Longer texts were written by something else. */
const MAX_BYTES = 512 * 1024;
const MAX_NAME_LENGTH = 200;
/** More than a topic has. */
const MAX_PARTITIONS = 10_000;
/** The last time that a `Date` can show. */
const MAX_TIME_MS = 8.64e15;

export function createActuators(connection: RedisConnection, keys: Keys): Actuators {
  const run = connection.run.bind(connection);
  const what = 'the records of the actuators';
  const idsOf = async () => {
    const ids = new Set<string>();
    for await (const members of readMembers(connection, what, keys.actuators)) {
      for (const id of members) if (ids.size < MAX_ACTUATORS) ids.add(id);
      if (ids.size === MAX_ACTUATORS) break;
    }
    return [...ids];
  };
  const leftMsOf = (ids: readonly string[]) =>
    run(what, (redis) => Promise.all(ids.map((id) => redis.pttl(keys.actuator(id)))));
  return {
    async save(record) {
      await run('the record of this actuator', async (redis) => {
        await redis.set(keys.actuator(record.id), JSON.stringify(record), 'PX', EXPIRY_MS);
        if (!SETS.has(await redis.type(keys.actuators))) await redis.del(keys.actuators);
        await redis.sadd(keys.actuators, record.id);
      });
      // Whoever writes forgets the expired ones, so that reading changes nothing.
      const ids = await idsOf();
      const leftMs = await leftMsOf(ids);
      const gone = ids.filter((_, at) => leftMs[at] === MISSING_KEY);
      if (gone.length > 0) await run(what, (redis) => redis.srem(keys.actuators, ...gone));
      return Math.max(1, leftMs.filter((ms) => ms >= EXPIRY_MS - MISSED_AFTER_MS && ms <= EXPIRY_MS).length);
    },
    async remove(id) {
      await run('the record of this actuator', async (redis) => {
        await redis.del(keys.actuator(id));
        await redis.srem(keys.actuators, id);
      });
    },
    async all() {
      const ids = await idsOf();
      const texts = await readTexts(connection, what, ids.map(keys.actuator), MAX_BYTES);
      const left = await leftMsOf(ids);
      const found = ids.flatMap((id, at) => seen(id, texts[at] ?? null, left[at] ?? 0));
      return found.toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    },
  };
}

/** Types of a key that a set may have: something else may have written it. */
const SETS: ReadonlySet<string> = new Set(['set', 'none']);

/** Empty where it is damaged, or expires at another time than an actuator writes: it would be shown forever. */
function seen(id: string, text: ReadText, leftMs: number): readonly SeenActuator[] {
  const isCurrent = leftMs > 0 && leftMs <= EXPIRY_MS;
  const record = isCurrent && typeof text === 'string' ? parse(text) : null;
  return record?.id === id ? [{ ...record, silentMs: EXPIRY_MS - leftMs }] : [];
}

function parse(text: string): ActuatorRecord | null {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof ActuatorRecord, unknown>> | null;
    const { id, name, startedAtMs, leads, partitions, targets, allowed, dynos } = value ?? {};
    const isWhole =
      isName(id) &&
      isName(name) &&
      isWithin(startedAtMs, MAX_TIME_MS) &&
      typeof leads === 'boolean' &&
      (partitions === null || isPartitions(partitions)) &&
      Array.isArray(targets) &&
      targets.every(isName) &&
      (allowed === undefined || (Array.isArray(allowed) && allowed.every(isName))) &&
      isWithin(dynos, Number.MAX_SAFE_INTEGER);
    return isWhole ? (value as ActuatorRecord) : null;
  } catch {
    return null;
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH;
}

function isPartitions(value: unknown): boolean {
  const isPartition = (one: unknown) => Number.isSafeInteger(one) && isWithin(one, Number.MAX_SAFE_INTEGER);
  return Array.isArray(value) && value.length <= MAX_PARTITIONS && value.every(isPartition);
}

function isWithin(value: unknown, max: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= max;
}
