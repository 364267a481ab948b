import { readFileSync } from 'node:fs';
import { parseSize } from './size.ts';

const MIB = 1024 ** 2;

/**
 * More than this is no limit: cgroup v1 writes "none" as the largest page-aligned signed 64-bit number, and no machine that a dyno
 * runs on has a pebibyte.
 */
const NO_LIMIT_BYTES = 1024 ** 5;

export interface LimitSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where cgroupfs is mounted; `/sys/fs/cgroup` unless a test says otherwise. */
  readonly cgroupRoot?: string;
}

/**
 * The dyno's memory quota in bytes, null where it cannot be known. In order: `TIDEMARK_LIMIT`, cgroup v2, cgroup v1 (the file is
 * there on Heroku's Common Runtime even though no full cgroupfs is), `MEMORY_AVAILABLE` (MiB, set by Heroku's Node.js buildpack).
 * Never `os.totalmem()`: inside a dyno that is the host's.
 */
export function findMemoryLimit({ env, cgroupRoot = '/sys/fs/cgroup' }: LimitSources): number | null {
  return (
    parseSize(env.TIDEMARK_LIMIT ?? '') ??
    cgroupLimit(`${cgroupRoot}/memory.max`) ??
    cgroupLimit(`${cgroupRoot}/memory/memory.limit_in_bytes`) ??
    mebibytes(env.MEMORY_AVAILABLE)
  );
}

function cgroupLimit(path: string): number | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
  const bytes = Number(text);
  return /^\d+$/.test(text) && bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : null;
}

function mebibytes(text: string | undefined): number | null {
  const count = Number(text ?? '');
  return Number.isFinite(count) && count > 0 && count * MIB < NO_LIMIT_BYTES ? Math.round(count * MIB) : null;
}
