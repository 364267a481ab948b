/**
 * Writes the actuator's page into `dist/site`: index.html and the icon as they are, one script, one style sheet, and
 * uPlot. A browser then makes four requests, and nothing is left to build for who installs the package.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = join(ROOT, 'src/page');
const UPLOT = join(ROOT, 'node_modules/uplot');

/** @param folder where the page is written; made where it is missing */
export async function buildPage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const build = await rolldown({
    cwd: ROOT,
    input: { main: 'src/page/main.ts' },
    platform: 'browser',
    tsconfig: false,
  });
  await build.write({ dir: folder, format: 'es', minify: true, comments: false });
  await build.close();
  for (const name of ['index.html', 'icon.svg']) await cp(join(SOURCES, name), join(folder, name));
  await writeFile(join(folder, 'page.css'), await styles());
  await cp(join(UPLOT, 'dist/uPlot.iife.min.js'), join(folder, 'uplot.js'));
  await cp(join(UPLOT, 'LICENSE'), join(folder, 'uplot.LICENSE.txt'));
}

/** The style sheets in the order of their names, after uPlot's. */
async function styles(): Promise<string> {
  const names = (await readdir(join(SOURCES, 'styles'))).sort();
  const files = [join(UPLOT, 'dist/uPlot.min.css'), ...names.map((name) => join(SOURCES, 'styles', name))];
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}
