import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import startRedis from '../global-setup.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** This package as it would be published; `npm run test:examples` has built it. */
    tarball: string;
  }
}

/** Next to Redis, the package: packed once, installed by every test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopRedis = await startRedis(project);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pack-'));
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd });
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error('npm pack made no package');
  project.provide('tarball', join(folder, name));
  return async () => {
    rmSync(folder, { recursive: true });
    await stopRedis();
  };
}
