import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with the manifest and the configurations: the same path from src and from dist. */
const CONFIG_FOLDER = fileURLToPath(new URL('../../../collector-config/', import.meta.url));

export const MANIFEST_PATH = join(CONFIG_FOLDER, 'manifest.yaml');

/** For Docker Compose and for one machine: Prometheus scrapes the Collector. */
export const COMPOSE_CONFIG_PATH = join(CONFIG_FOLDER, 'compose.yaml');

/** For a Heroku web dyno: its one reachable port takes the points, so it pushes to people's backend. */
export const HEROKU_CONFIG_PATH = join(CONFIG_FOLDER, 'heroku.yaml');

/** Over one of these: the actuators read from Kafka. */
export const KAFKA_CONFIG_PATH = join(CONFIG_FOLDER, 'kafka.yaml');

/** Where to look for a built Collector. */
export interface CollectorPlace {
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: `MANIFEST_PATH`. */
  readonly manifest?: string;
}

/**
 * The path of the built Collector: in the user's cache folder, named by the manifest's hash. So every checkout finds
 * it, and a changed manifest finds none.
 */
export async function collectorPath({ env = process.env, manifest }: CollectorPlace = {}): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(manifest ?? MANIFEST_PATH))
    .digest('hex')
    .slice(0, 16);
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'tidemark', `collector-${hash}`, 'tidemark-collector');
}

/** The Collector that `npm run build:collector` has built on this machine; null if it has not. */
export async function findCollector(place?: CollectorPlace): Promise<string | null> {
  try {
    const path = await collectorPath(place);
    await access(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}
