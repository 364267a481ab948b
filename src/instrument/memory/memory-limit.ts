import { readFileSync } from 'node:fs';
import { parseSize } from '../../quantities.ts';

const MIB = 1024 ** 2;

/**
 * A larger value means no limit: cgroup v1 writes "none" as the largest page-aligned signed 64-bit number, and no
 * machine that runs dynos has a pebibyte.
 */
const NO_LIMIT_BYTES = 1024 ** 5;

/** MiB. What Heroku's Node.js buildpack writes into `MEMORY_AVAILABLE` if it found no cgroup v1 file. */
const BUILDPACK_DEFAULT_MIB = 512;
/**
 * MiB. The buildpack caps larger values at this. The only dyno size that has this much also has a cgroup that says so.
 */
const BUILDPACK_CAP_MIB = 129_024;

export interface LimitSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where cgroupfs is mounted; `/sys/fs/cgroup` by default. */
  readonly cgroupRoot?: string;
}

/**
 * The dyno's memory quota in bytes, null if unknown. In order: `TIDEMARK_LIMIT`, cgroup v2, cgroup v1 (Heroku's Common
 * Runtime has the file although it mounts no full cgroupfs), `MEMORY_AVAILABLE` (MiB, set by Heroku's Node.js
 * buildpack). Not `os.totalmem()`: inside a dyno that is the host's. Not `WEB_MEMORY`, by which the buildpack divides
 * the quota among processes.
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

/** @param isUnlimited whether there is a cgroup that sets no limit: then the buildpack's default means nothing */
function buildpackBytes(text: string | undefined, isUnlimited: boolean): number | null {
  const count = Number(text ?? '');
  if (count === BUILDPACK_CAP_MIB || (isUnlimited && count === BUILDPACK_DEFAULT_MIB)) return null;
  return Number.isFinite(count) && count > 0 && count * MIB < NO_LIMIT_BYTES ? Math.round(count * MIB) : null;
}
