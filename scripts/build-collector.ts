/**
 * Builds the OpenTelemetry Collector of `collector-config/manifest.yaml`, or of another manifest, from its Go modules,
 * once for each manifest, and prints where it is:
 *
 *   npm run build:collector
 *   npm run build:collector -- bench/fleet/collector-manifest.yaml
 *
 * The binary is kept in the user's cache folder by the manifest's hash. If it cannot be built, the exit code is 1 and
 * the message says what is missing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { collectorPath, MANIFEST_PATH } from '../src/testbed/servers/collector-binary.ts';

/** What the builder of this release asks for in its go.mod. */
const OLDEST_GO = { major: 1, minor: 25 };
/** Go's installer puts it there; some shells do not have that folder on the PATH. */
const PATH = [process.env.PATH ?? '', '/usr/local/go/bin'].join(delimiter);

class CannotBuild extends Error {}

async function main(): Promise<void> {
  const [manifestPath = MANIFEST_PATH] = process.argv.slice(2);
  const target = await collectorPath({ manifest: manifestPath });
  if (existsSync(target)) {
    process.stderr.write('The Collector of this manifest is built already.\n');
    process.stdout.write(`${target}\n`);
    return;
  }
  requireGo();
  const work = mkdtempSync(join(tmpdir(), 'tidemark-collector-'));
  try {
    const manifest: { dist: { version: string; output_path?: string } } = parse(readFileSync(manifestPath, 'utf8'));
    const builder = `go.opentelemetry.io/collector/cmd/builder@v${manifest.dist.version}`;
    process.stderr.write('Building the Collector from its Go modules: one to three minutes, once.\n');
    await run('go', ['install', builder], { GOBIN: work });
    manifest.dist.output_path = join(work, 'build');
    writeFileSync(join(work, 'manifest.yaml'), stringify(manifest));
    await run(join(work, 'builder'), ['--config', join(work, 'manifest.yaml')]);
    mkdirSync(dirname(target), { recursive: true });
    await run('cp', [join(work, 'build', 'tidemark-collector'), `${target}.${process.pid}`]);
    // In one step, so that nobody finds half a binary.
    renameSync(`${target}.${process.pid}`, target);
    process.stdout.write(`${target}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Throws `CannotBuild` if no Go is new enough. */
function requireGo(): void {
  const oldest = `Go ${OLDEST_GO.major}.${OLDEST_GO.minor}`;
  const howTo =
    `The Collector is built with ${oldest} or newer, from https://go.dev/dl ` +
    "(a distribution's own is often too old).";
  const { stdout, error } = spawnSync('go', ['version'], { encoding: 'utf8', env: { ...process.env, PATH } });
  if (error !== undefined) throw new CannotBuild(`No go was found on the PATH or in /usr/local/go/bin. ${howTo}`);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(stdout) ?? [];
  const isOld =
    Number(major) < OLDEST_GO.major || (Number(major) === OLDEST_GO.major && Number(minor) < OLDEST_GO.minor);
  if (major === undefined || isOld) throw new CannotBuild(`The Go here is "${stdout.trim()}". ${howTo}`);
}

/** Its output is shown only if it fails. */
async function run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const child = spawn(file, args, { env: { ...process.env, PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new CannotBuild(`"${[file, ...args].join(' ')}" ended with ${code}:\n${output}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CannotBuild)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
