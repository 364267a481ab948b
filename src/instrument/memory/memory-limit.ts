import { readFileSync } from 'node:fs';
import { parseSize } from '../../quantities.ts';

const MIB = 1024 ** 2;

/**
 * More than this is no limit: cgroup v1 writes "none" as the largest page-aligned signed 64-bit number, and no machine that a dyno
 * runs on has a pebibyte.
 */
const NO_LIMIT_BYTES = 1024 ** 5;

/** What Heroku's Node.js buildpack writes into `MEMORY_AVAILABLE` where it found no cgroup v1 file, in MiB. */
const BUILDPACK_DEFAULT_MIB = 512;
/** What it cuts a number to that is too large to be a dyno's. The one size that has it tells it by its cgroup. */
const BUILDPACK_CAP_MIB = 129_024;

export interface LimitSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where cgroupfs is mounted; `/sys/fs/cgroup` unless a test says otherwise. */
  readonly cgroupRoot?: string;
}

/**
 * The dyno's memory quota in bytes, null where it cannot be known. In order: `TIDEMARK_LIMIT`, cgroup v2, cgroup v1 (the file is
 * there on Heroku's Common Runtime even though no full cgroupfs is), `MEMORY_AVAILABLE` (MiB, set by Heroku's Node.js buildpack).
 * Never `os.totalmem()`: inside a dyno that is the host's. Nor `WEB_MEMORY`, by which the buildpack divides the quota among processes.
 */
export function findMemoryLimit({ env, cgroupRoot = '/sys/fs/cgroup' }: LimitSources): number | null {
  const setting = parseSize(env.TIDEMARK_LIMIT ?? '');
  if (setting !== null) return setting;
  const cgroups = [`${cgroupRoot}/memory.max`, `${cgroupRoot}/memory/memory.limit_in_bytes`].map(readText);
  for (const text of cgroups) {
    const bytes = text === null ? null : cgroupBytes(text);
    if (bytes !== null) return bytes;
  }
  return buildpackBytes(
    env.MEMORY_AVAILABLE,
    cgroups.some((text) => text !== null),
  );
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function cgroupBytes(text: string): number | null {
  const bytes = Number(text);
  return /^\d+$/.test(text) && bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : null;
}

/** @param isUnlimited whether a cgroup is there and sets no limit: then the buildpack's default stands for nothing. */
function buildpackBytes(text: string | undefined, isUnlimited: boolean): number | null {
  const count = Number(text ?? '');
  if (count === BUILDPACK_CAP_MIB || (isUnlimited && count === BUILDPACK_DEFAULT_MIB)) return null;
  return Number.isFinite(count) && count > 0 && count * MIB < NO_LIMIT_BYTES ? Math.round(count * MIB) : null;
}
