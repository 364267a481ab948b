import type { ActuatorRecord, Actuators, SeenActuator } from '../../ports.ts';
import { readMembers, readTexts } from './bounded-reads.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

/** Long enough to miss one that died; then its partitions have been with others for long. */
const EXPIRY_MS = 10 * 60_000;
/** Records that are read. */
const MAX_ACTUATORS = 100;
/** Longer texts were written by something else. */
const MAX_BYTES = 512 * 1024;
const MAX_NAME_LENGTH = 200;

export function createActuators(connection: RedisConnection, keys: Keys): Actuators {
  const run = connection.run.bind(connection);
  return {
    async save(record) {
      await run('the record of this actuator', async (redis) => {
        await redis.sadd(keys.actuators, record.id);
        await redis.set(keys.actuator(record.id), JSON.stringify(record), 'PX', EXPIRY_MS);
      });
    },
    async remove(id) {
      await run('the record of this actuator', async (redis) => {
        await redis.srem(keys.actuators, id);
        await redis.del(keys.actuator(id));
      });
    },
    async all() {
      const what = 'the records of the actuators';
      const ids: string[] = [];
      for await (const members of readMembers(connection, what, keys.actuators)) {
        ids.push(...members.slice(0, MAX_ACTUATORS - ids.length));
        if (ids.length === MAX_ACTUATORS) break;
      }
      const texts = await readTexts(connection, what, ids.map(keys.actuator), MAX_BYTES);
      const read = ids.map(async (id, at): Promise<readonly SeenActuator[]> => {
        const text = texts[at] ?? null;
        if (text === null) await run(what, (redis) => redis.srem(keys.actuators, id));
        const record = typeof text === 'string' ? parse(text) : null;
        if (record === null) return [];
        const leftMs = await run(what, (redis) => redis.pttl(keys.actuator(id)));
        return [{ ...record, silentMs: Math.max(0, EXPIRY_MS - leftMs) }];
      });
      const found = (await Promise.all(read)).flat();
      return found.toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    },
  };
}

function parse(text: string): ActuatorRecord | null {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof ActuatorRecord, unknown>> | null;
    const { id, name, startedAtMs, leads, partitions, targets, dynos } = value ?? {};
    const isWhole =
      isName(id) &&
      isName(name) &&
      Number.isFinite(startedAtMs) &&
      typeof leads === 'boolean' &&
      (partitions === null || (Array.isArray(partitions) && partitions.every(Number.isSafeInteger))) &&
      Array.isArray(targets) &&
      targets.every(isName) &&
      Number.isFinite(dynos);
    return isWhole ? (value as ActuatorRecord) : null;
  } catch {
    return null;
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
}
