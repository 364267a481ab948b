import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

/** `npm start` under NODE_OPTIONS runs this code in npm first, from the application's folder: it is not the worker. */
const PACKAGE_MANAGER = /^(?:npm|npx|pnpm|pnpx|yarn|corepack)(?:-cli)?(?:\.[cm]?js)?$/;

/**
 * The file that `bullmq` means to the application: seen from its entry script, then from its working folder, then from here. Null
 * where there is none. `import` and `require` of the application reach the very same file, so its prototypes are the ones to patch.
 *
 * @param self this module's path or URL; undefined in a CommonJS bundle, which has none
 */
export function findBullmq(entry: string | undefined, cwd: string, self: string | undefined): string | null {
  if (entry !== undefined && PACKAGE_MANAGER.test(basename(realPathOf(entry)))) return null;
  const bases = [
    ...(entry === undefined ? [] : [entry, realPathOf(entry)]),
    join(cwd, 'index.js'),
    ...(self === undefined ? [] : [self]),
  ];
  for (const base of bases) {
    const found = resolveFrom(base);
    if (found !== null) return found;
  }
  return null;
}

function resolveFrom(base: string): string | null {
  try {
    return createRequire(base).resolve('bullmq');
  } catch {
    return null;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
