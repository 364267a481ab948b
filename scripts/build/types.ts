/**
 * Makes the declarations compile in applications that check their libraries (`skipLibCheck` is off by default).
 *
 * - They name each other by `.js`. The compiler leaves the `.ts` of the sources there, which TypeScript before 5.0
 *   refuses.
 * - They do not mention private members. For a class that has any, the compiler writes `#private`, which TypeScript
 *   refuses if the application compiles for ES5, the default of `target` before TypeScript 6.0.
 */
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SPECIFIER = /(\bfrom |\bimport\(|^import )(['"])(\.{1,2}\/[^'"]*)\.ts\2/gm;

const PRIVATE_MARK = /^\s*#private;\n/gm;

/** @param folder of the declarations */
export async function makeDeclarationsPortable(folder: string): Promise<void> {
  const rewrites = globSync('**/*.d.ts', { cwd: folder }).map(async (name) => {
    const file = join(folder, name);
    await writeFile(file, portable(await readFile(file, 'utf8')));
  });
  await Promise.all(rewrites);
}

function portable(declarations: string): string {
  return declarations.replace(SPECIFIER, '$1$2$3.js$2').replace(PRIVATE_MARK, '');
}
