import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const MAX_ROUNDS = 10;
const SHRINKS_BY_BYTES = 100_000;
const collect = runInNewContext('gc') as () => void;

/** CPU of all threads of this process in ms, garbage collection included: what else runs here does not count. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What is alive, array buffers included, after collections until that no longer shrinks; bytes. */
export function bytesAlive(): number {
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + arrayBuffers;
    if (now > bytes - SHRINKS_BY_BYTES) return Math.min(now, bytes);
    bytes = now;
  }
  return bytes;
}
