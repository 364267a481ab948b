/**
 * Builds `dist`, all parts at once; where nothing has changed since the last build it ends at once. `npm ci` builds,
 * and each script that needs `dist` builds again: that must cost next to nothing.
 *
 * Types are not checked here, which would take three times as long: `npm run typecheck` does it, and CI runs that.
 */
import { execFile } from 'node:child_process';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleEntries } from './build/entries.ts';
import { buildPage } from './build/page.ts';
import { type BuildPlaces, isBuilt, noteBuilt } from './build/stamp.ts';
import { makeDeclarationsPortable } from './build/types.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const PLACES: BuildPlaces = {
  root: ROOT,
  inputs: [
    'src',
    'scripts/build',
    'scripts/build.ts',
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.types.json',
    'package.json',
    // What is bundled comes from the packages that it names.
    'package-lock.json',
  ],
  output: 'dist',
  stamp: '.tmp/built.json',
};

async function build(): Promise<void> {
  const startedMs = performance.now();
  // On standard error: what a script prints on standard output may be read by a program.
  process.stderr.write('Building dist. This takes about 20 s, and longer on a busy machine.\n');
  await rm(join(ROOT, PLACES.output), { recursive: true, force: true });
  await Promise.all([compile('tsconfig.build.json'), declare(), bundleEntries(), buildPage(join(ROOT, 'dist/site'))]);
  await chmod(join(ROOT, 'dist/cli.js'), 0o755);
  await noteBuilt(PLACES);
  process.stderr.write(`Built dist in ${Math.round((performance.now() - startedMs) / 1000)} s.\n`);
}

async function declare(): Promise<void> {
  await compile('tsconfig.types.json');
  await makeDeclarationsPortable(join(ROOT, 'dist/cjs'));
}

async function compile(project: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [TSC, '-p', project], { cwd: ROOT });
  } catch (error) {
    // The compiler reports on its standard output.
    const { stdout = '' } = error as { readonly stdout?: string };
    throw new Error(`tsc -p ${project} failed:\n${stdout}`, { cause: error });
  }
}

if (!(await isBuilt(PLACES))) await build();
