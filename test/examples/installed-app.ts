import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Far more than an install takes from a cold cache; a registry that hangs must not hang the run. */
const INSTALL_LIMIT_MS = 240_000;

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A project in a temporary folder with this package and its other dependencies really installed. */
export class InstalledApp {
  readonly path = mkdtempSync(join(tmpdir(), 'tidemark-example-'));

  private constructor(from: string, manifest?: Manifest) {
    cpSync(from, this.path, { recursive: true, filter: (path) => !path.includes('node_modules') });
    if (manifest !== undefined) writeFileSync(join(this.path, 'package.json'), JSON.stringify(manifest));
  }

  /**
   * @param from the folder to copy
   * @param tarball this package, packed
   * @param manifest in place of the folder's own package.json
   */
  static async install(from: string, tarball: string, manifest?: Manifest): Promise<InstalledApp> {
    const app = new InstalledApp(from, manifest);
    try {
      await app.npm('install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball);
      return app;
    } catch (error) {
      app.remove();
      throw error;
    }
  }

  /** Rejects with what npm said where it ends with another code than 0. */
  async npm(...args: string[]): Promise<string> {
    try {
      const { stdout } = await run('npm', args, { cwd: this.path, env: environment(), timeout: INSTALL_LIMIT_MS });
      return stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`npm ${args.join(' ')} failed in ${this.path}\n${stdout}${stderr}`, { cause: error });
    }
  }

  /** The arguments that its script hands to node. */
  argsOf(script: string): readonly string[] {
    const { scripts }: Manifest = JSON.parse(readFileSync(join(this.path, 'package.json'), 'utf8'));
    const [command, ...args] = scripts?.[script]?.split(' ') ?? [];
    if (command !== 'node') throw new Error(`${this.path}: the script "${script}" is no node command`);
    return args;
  }

  has(script: string): boolean {
    const { scripts }: Manifest = JSON.parse(readFileSync(join(this.path, 'package.json'), 'utf8'));
    return scripts?.[script] !== undefined;
  }

  /** What is installed for one package alone, because the application's does not satisfy it. */
  ownModulesOf(name: string): readonly string[] {
    const folder = join(this.path, 'node_modules', name, 'node_modules');
    return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  }

  /** As an image has it into which only the bundle is copied. */
  dropModules(): void {
    if (!existsSync(join(this.path, 'node_modules'))) throw new Error('nothing is installed');
    rmSync(join(this.path, 'node_modules'), { recursive: true });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** npm chooses versions by the Node that it runs under, so it has to be this one. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const inherited = Object.entries(env).filter(
    ([name]) => !/^npm_(?!config_(registry|cache|userconfig|globalconfig))/.test(name),
  );
  return { ...Object.fromEntries(inherited), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
}
