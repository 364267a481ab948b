/**
 * Puts what a worker needs of OpenTelemetry's SDK into the one file that names it, in place, and its licences beside it. As packages it is some
 * hundred modules with much that is never used (traces, logs, protobuf, all semantic conventions), often in two or three versions: 2.7 MB of
 * memory more in every worker. `@opentelemetry/api` stays outside: it is what the application shares with us.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const FILE = fileURLToPath(new URL('../dist/instrument/export/opentelemetry-sdk.js', import.meta.url));
const SHARED = '@opentelemetry/api';

const bundle = await rolldown({ input: FILE, external: [SHARED], platform: 'node', onLog: fail });
const { output } = await bundle.generate({ format: 'es', comments: false, codeSplitting: false });
await bundle.close();
const [{ code, moduleIds }, ...others] = output;
if (others.length > 0) throw new Error(`one file was expected, and there are ${output.length}`);

const packages = await Promise.all([...new Set(moduleIds.flatMap(packageFolder))].sort().map(readPackage));
const built = packages.map(({ id, license }) => `${id} (${license})`).join(', ');
await writeFile(FILE, `// Built from ${built}: see ${basename(licensesOf(FILE))}.\n${code}`);
const licenses = Map.groupBy(packages, ({ text }) => text);
const texts = [...licenses].map(([text, its]) => `${its.map(({ id }) => id).join('\n')}\n\n${text}`);
await writeFile(licensesOf(FILE), texts.join('\n'));
// It tells of the file that was there before.
await rm(`${FILE}.map`);

/** What a bundler only warns of (an import that leads nowhere) would break in a worker. */
function fail(level: string, { message }: { readonly message: string }): void {
  if (level === 'warn') throw new Error(message);
}

function licensesOf(file: string): string {
  return file.replace(/\.js$/, '.LICENSES.txt');
}

/** Of a file in a package, the package's folder. */
function packageFolder(file: string): string[] {
  const parts = file.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return [];
  return [parts.slice(0, at + (parts[at + 1]?.startsWith('@') ? 3 : 2)).join(sep)];
}

async function readPackage(folder: string): Promise<{ id: string; license: string; text: string }> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return { id: `${name} ${version}`, license, text: await readFile(join(folder, 'LICENSE'), 'utf8') };
}
