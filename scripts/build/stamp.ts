import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a build was made of, and what it made. */
interface Stamp {
  /** Of the names and contents of all inputs: a checkout changes times, not contents. */
  readonly inputs: string;
  /** Size in bytes by path, relative to the output's folder. */
  readonly outputs: Readonly<Record<string, number>>;
}

export interface BuildPlaces {
  readonly root: string;
  /** Files and folders that the output depends on, relative to `root`. */
  readonly inputs: readonly string[];
  /** A folder, relative to `root`. */
  readonly output: string;
  /** The file that remembers the last build, relative to `root`; outside the output, which is published. */
  readonly stamp: string;
}

/** Whether the output is that of a finished build of these inputs, and nothing of it is gone or has another size. */
export async function isBuilt(places: BuildPlaces): Promise<boolean> {
  try {
    const stamp = JSON.parse(await readFile(join(places.root, places.stamp), 'utf8')) as Stamp;
    if (stamp.inputs !== (await inputsOf(places))) return false;
    const now = await outputsOf(places);
    const before = Object.entries(stamp.outputs);
    return (
      before.length > 0 && before.length === Object.keys(now).length && before.every(([p, size]) => now[p] === size)
    );
  } catch {
    // No stamp, or a damaged one: build.
    return false;
  }
}

/** Notes a finished build. */
export async function noteBuilt(places: BuildPlaces): Promise<void> {
  const stamp: Stamp = { inputs: await inputsOf(places), outputs: await outputsOf(places) };
  const path = join(places.root, places.stamp);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(stamp));
}

async function inputsOf({ root, inputs }: BuildPlaces): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const name of await filesIn(join(root, input))) {
      const content = await readFile(join(root, input, name));
      hash.update(`${input}/${name}\n${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex');
}

async function outputsOf({ root, output }: BuildPlaces): Promise<Record<string, number>> {
  const folder = join(root, output);
  const names = await filesIn(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).size] as const)),
  );
}

/** The files below a folder, or an empty name for a path that is a file. Empty where nothing is there. */
async function filesIn(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  if ((await stat(path)).isFile()) return [''];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}
