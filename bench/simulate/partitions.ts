import { createHash } from 'node:crypto';

const DYNOS_OF_TARGET = 50;

/** A dyno of the simulated fleet, by its number: 50 of each app. */
export function appOf(dyno: number): string {
  return `app-${Math.floor(dyno / DYNOS_OF_TARGET)}`;
}

/**
 * The dynos of each partition. All dynos of a target are on one, chosen by a hash of the target, as a Kafka producer
 * chooses by the hash of the key: partitions are not exactly alike.
 */
export function partitionsOf(dynos: number, partitions: number): readonly (readonly number[])[] {
  const all = Array.from({ length: partitions }, (): number[] => []);
  for (let dyno = 0; dyno < dynos; dyno++) {
    const hash = createHash('md5')
      .update(`${appOf(dyno)}:worker`)
      .digest()
      .readUInt32BE();
    all[hash % partitions]?.push(dyno);
  }
  return all;
}
