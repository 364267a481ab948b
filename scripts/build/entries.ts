/**
 * Writes what applications load of this package into `dist/cjs`, as CommonJS: `require`, `import`, bundlers, test
 * runners with a module registry of their own and every setting of TypeScript can load that, and a process has one
 * implementation whichever way it comes in.
 *
 * What a worker needs of OpenTelemetry's SDK is one file there, with its licences next to it. As packages it is some
 * hundred modules with much that is never used (traces, logs, protobuf, all semantic conventions), often in two or
 * three versions: 2.7 MB of memory more in every worker. `@opentelemetry/api` stays outside: it is what the application
 * shares with us.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'dist/cjs');
const PACKAGE = /^(?![./])/;
/** Of these two the thread uses little, and its heap shares no module with the application's. */
const PACKAGE_OUTSIDE_THREAD = /^(?!zod$|@opentelemetry\/api$|[./])/;

/** What the bundler makes of ``createRequire(import.meta.url)(`./file${extname(import.meta.url)}`)``. */
const COMPUTED_PATH =
  /\(0, node_module\.createRequire\)\([^`]*\)\(`(\.\/[\w/-]+)\$\{\(0, node_path\.extname\)\([^`]*\)\}`\)/g;

const BUILTIN = /\brequire\("(node:[\w/]+|fs|path|util)"\)/g;

export async function bundleEntries(): Promise<void> {
  const worker = { index: 'src/index.ts', register: 'src/register.ts', 'instrument/start': 'src/instrument/start.ts' };
  await bundle(worker, ['@opentelemetry/api', 'pidusage'], withBuiltinsAtHand);
  await bundle({ 'actuator/index': 'src/actuator/index.ts' }, [PACKAGE]);
  await bundle({ 'embedded/thread': 'src/embedded/thread.ts' }, [PACKAGE_OUTSIDE_THREAD]);
  // The files above end in `.js`, in a package whose type is `module`.
  await writeFile(join(FOLDER, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
}

/**
 * @param input source files by the name of what is built from them, which is a path in the folder
 * @param finish changes the code of each
 */
async function bundle(
  input: Record<string, string>,
  external: (string | RegExp)[],
  finish = (code: string) => code,
): Promise<void> {
  const build = await rolldown({ cwd: ROOT, input, external, platform: 'node', onLog: fail });
  const { output } = await build.write({ dir: FOLDER, format: 'cjs', comments: false, chunkFileNames: '[name].js' });
  await build.close();
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    refuseEmptiedTry(chunk);
    const code = inOneByteCharacters(finish(withPathsWrittenOut(chunk)));
    await writeFile(join(FOLDER, chunk.fileName), code);
    await nameOrigins({ ...chunk, code });
  }
}

/**
 * The sources load a file by a path that ends like their own. Bundlers of applications follow only a `require` whose
 * path is written out, and their ES modules have no path of their own to compute with.
 */
function withPathsWrittenOut({ fileName, code }: OutputChunk): string {
  const written = code.replace(COMPUTED_PATH, 'require("$1.js")');
  if (fileName === 'register.js' && written === code)
    throw new Error('register.js: the path of what it loads has changed');
  return written;
}

/** In ES modules that esbuild bundles without a `require` of their own, `require("node:fs")` throws at once. */
function withBuiltinsAtHand(code: string): string {
  return code.replace(BUILTIN, 'process.getBuiltinModule("$1")');
}

/** V8 keeps the text of a file in memory, and takes two bytes for each of its characters if one of them needs two. */
function inOneByteCharacters(code: string): string {
  return code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The bundler drops a call without effects whose result nobody uses, also where a `try` waits for its exception (such
 * as that of `decodeURIComponent`).
 */
function refuseEmptiedTry({ fileName, code }: OutputChunk): void {
  const emptied = /\btry \{\s*(?:return (?:true|false);?\s*)?\}[^\n]*/.exec(code);
  if (emptied !== null) throw new Error(`${fileName}: the bundler has emptied a try block: ${emptied[0]}`);
}

/** What a bundler only warns of (an import that leads nowhere) would break in an application. */
function fail(level: string, { message }: { readonly message: string }): void {
  if (level === 'warn') throw new Error(message);
}

/** Says in a file which packages it was built from, and puts their licences next to it. */
async function nameOrigins({ fileName, code, moduleIds }: OutputChunk): Promise<void> {
  const folders = [...new Set(moduleIds.flatMap(packageFolder))].sort();
  if (folders.length === 0) return;
  const packages = await Promise.all(folders.map(readPackage));
  const built = packages.map(({ id, license }) => `${id} (${license})`).join(', ');
  const licenses = fileName.replace(/\.js$/, '.LICENSES.txt');
  await writeFile(join(FOLDER, fileName), `// Built from ${built}: see ${licenses}.\n${code}`);
  const byText = Map.groupBy(packages, ({ text }) => text);
  const texts = [...byText].map(([text, its]) => `${its.map(({ id }) => id).join('\n')}\n\n${text}`);
  await writeFile(join(FOLDER, licenses), texts.join('\n'));
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
