/**
 * The declarations name each other by `.js`. The compiler leaves the `.ts` of the sources there, which TypeScript
 * before 5.0 refuses in an application that checks its libraries (`skipLibCheck` is off by default).
 */
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SPECIFIER = /(\bfrom |\bimport\(|^import )(['"])(\.{1,2}\/[^'"]*)\.ts\2/gm;

/** @param folder of the declarations */
export async function nameDeclarationsByJs(folder: string): Promise<void> {
  const rewrites = globSync('**/*.d.ts', { cwd: folder }).map(async (name) => {
    const file = join(folder, name);
    await writeFile(file, withJsSpecifiers(await readFile(file, 'utf8')));
  });
  await Promise.all(rewrites);
}

function withJsSpecifiers(declarations: string): string {
  return declarations.replace(SPECIFIER, '$1$2$3.js$2');
}
