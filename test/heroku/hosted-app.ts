import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { App } from '../../src/testbed/dyno-manager/api/app.ts';
import { dynoSizes } from '../../src/testbed/dyno-manager/dyno/dyno-sizes.ts';
import { EventLog } from '../../src/testbed/dyno-manager/event-log.ts';
import type { DynoManagerOptions, FormationSpec } from '../../src/testbed/dyno-manager/options.ts';
import { type AddOn, startKeyValueStore } from './key-value-store.ts';
import { parseProcfile } from './procfile.ts';
import { type Router, startRouter } from './router.ts';

const run = promisify(execFile);
const DNS = fileURLToPath(new URL('platform-dns.mjs', import.meta.url));

/** Of an app.json, what this Heroku acts on. */
export interface AppManifest {
  readonly addons: readonly { readonly plan: string }[];
  readonly env: Readonly<
    Record<string, { readonly value?: string; readonly generator?: 'secret'; readonly required?: boolean }>
  >;
  readonly formation: Readonly<Record<string, { readonly quantity: number; readonly size: string }>>;
}

export interface HostedAppOptions {
  readonly name: string;
  /** For git, builds and slugs. */
  readonly folder: string;
  /** Of this Heroku's Platform API: dynos are given it in place of `https://api.heroku.com`. */
  readonly apiUrl: string;
  /** Makes a checked-out commit runnable; what it returns is printed to whoever pushes. */
  readonly build: (slug: string) => Promise<string>;
  /** How many dynos each process type has; default `web` one, and no others, as for a new app. */
  readonly quantities?: Readonly<Record<string, number>>;
  readonly output: (line: string) => void;
}

/** An app: config vars, add-ons, a git repository, and after the first push a slug, dynos and a release. */
export class HostedApp {
  readonly name: string;
  readonly repository: string;
  readonly features = new Set<string>();
  readonly addOns: AddOn[] = [];
  readonly app: App;
  readonly router: Router;
  readonly log = new EventLog();
  readonly #options: HostedAppOptions;
  /** `App` reads all three again at each boot. */
  readonly #config: Record<string, string> = {};
  readonly #env: Record<string, string> = {};
  readonly #given = new Map<string, { readonly quantity: number; readonly size?: string }>();
  readonly #formation: FormationSpec[] = [];
  readonly #dynoOptions: { metadata: boolean } & DynoManagerOptions;
  #builds = 0;
  #slug: string | null = null;

  private constructor(options: HostedAppOptions, router: Router) {
    this.name = options.name;
    this.repository = join(options.folder, `${options.name}.git`);
    this.router = router;
    this.#options = options;
    const output = (line: string, from: { readonly dyno: string }) => options.output(`app[${from.dyno}]: ${line}`);
    this.#dynoOptions = { apps: [], token: '', metadata: false, memoryAvailable: true, killAfterMs: 30_000, output };
    const spec = { name: options.name, formation: this.#formation, env: this.#env };
    this.app = new App(spec, { options: this.#dynoOptions, sizes: dynoSizes([]), log: this.log });
  }

  static async create(options: HostedAppOptions): Promise<HostedApp> {
    let ports = (): readonly number[] => [];
    const router = await startRouter({ ports: () => ports() });
    const hosted = new HostedApp(options, router);
    ports = () => hosted.#webPorts();
    await run('git', ['init', '--bare', '--quiet', '--initial-branch=main', hosted.repository]);
    return hosted;
  }

  get config(): Readonly<Record<string, string>> {
    return this.#config;
  }

  get hasSlug(): boolean {
    return this.#builds > 0;
  }

  /** Null removes a var. Every change is a release: it restarts the dynos. */
  configure(vars: Readonly<Record<string, string | null>>): void {
    for (const [name, value] of Object.entries(vars)) {
      if (value === null) delete this.#config[name];
      else this.#config[name] = value;
    }
    this.#release();
  }

  /**
   * What the Deploy button does with an app.json before it builds: add-ons, config vars, and how many dynos. Throws for
   * a required var without an answer.
   */
  async setUp(manifest: AppManifest, answers: Readonly<Record<string, string>>): Promise<void> {
    for (const { plan } of manifest.addons) await this.addOn(plan);
    const vars = Object.entries(manifest.env).flatMap(([name, { value, generator, required = true }]) => {
      const given = answers[name] ?? value ?? (generator === 'secret' ? randomBytes(32).toString('hex') : undefined);
      if (given === undefined && required) throw new Error(`${name} is required`);
      return given === undefined ? [] : [[name, given] as const];
    });
    this.configure(Object.fromEntries(vars));
    for (const [type, { quantity, size }] of Object.entries(manifest.formation))
      this.#given.set(type, { quantity, size });
  }

  async addOn(plan: string): Promise<AddOn> {
    if (!plan.startsWith('heroku-redis:')) throw new Error(`there is no add-on ${plan} here`);
    const addOn = await startKeyValueStore(plan);
    this.addOns.push(addOn);
    this.configure(addOn.config);
    return addOn;
  }

  /**
   * Builds what was pushed, runs the release phase, and starts the dynos of the Procfile. Returns what a push prints.
   */
  async deploy(): Promise<string> {
    const slug = join(this.#options.folder, `${this.name}-${this.#builds + 1}`);
    this.#slug = slug;
    mkdirSync(slug);
    await run('git', [`--git-dir=${this.repository}`, `--work-tree=${slug}`, 'checkout', '--force', 'main']);
    const printed = await this.#options.build(slug);
    const procfile = parseProcfile(readFileSync(join(slug, 'Procfile'), 'utf8'));
    for (const { type, command } of procfile) this.#writeStarter(type, slug, command);
    if (procfile.some(({ type }) => type === 'release')) await this.#releasePhase();
    // The labs feature takes effect at a deploy.
    this.#dynoOptions.metadata = this.features.has('runtime-dyno-metadata');
    this.#builds += 1;
    if (this.#builds > 1) this.#release();
    else {
      this.#formation.push(...procfile.flatMap(({ type }) => this.#entryOf(type)));
      this.#readConfig();
      this.app.start();
    }
    const types = procfile.map(({ type }) => type).join(', ');
    return `${printed}Procfile declares types -> ${types}\nReleased v${this.app.release.version}\n`;
  }

  /** Starts a one-off dyno with a line for the shell. */
  run(command: string, type = 'run'): string {
    this.#readConfig();
    return this.app.runOneOff({ type, command: ['/bin/sh', '-c', `cd "${this.#slug}" && ${command}`] });
  }

  /** What Heroku does with each dyno once a day. */
  cycle(): void {
    for (const dyno of this.app.dynos) dyno.restart();
  }

  async stop(): Promise<void> {
    await this.router.stop();
    await this.app.stop(0);
    await Promise.all(this.addOns.map((addOn) => addOn.stop()));
  }

  #entryOf(type: string): readonly FormationSpec[] {
    if (type === 'release') return [];
    const given = this.#given.get(type) ?? { quantity: (this.#options.quantities ?? { web: 1 })[type] ?? 0 };
    return [{ type, ...given, command: ['/bin/sh', this.#starter(type)] }];
  }

  /** A dyno's command stays the same while slugs and Procfile lines change. */
  #starter(type: string): string {
    return join(this.#options.folder, `${this.name}-${type}.sh`);
  }

  #writeStarter(type: string, slug: string, command: string): void {
    writeFileSync(this.#starter(type), `cd "${slug}" && exec ${command}\n`);
  }

  async #releasePhase(): Promise<void> {
    this.#readConfig();
    const ended = new Promise<string | null>((resolve) => {
      const off = this.log.on(({ event, dyno, detail }) => {
        if (event !== 'exit' || dyno?.startsWith('release.') !== true) return;
        off();
        resolve(detail);
      });
    });
    this.app.runOneOff({ type: 'release', command: ['/bin/sh', this.#starter('release')] });
    const detail = await ended;
    if (detail !== 'code 0') throw new Error(`the release phase of ${this.name} ended with ${detail}`);
  }

  #release(): void {
    this.#readConfig();
    if (this.hasSlug) this.app.deploy();
  }

  #readConfig(): void {
    for (const name of Object.keys(this.#env)) delete this.#env[name];
    const node = `--import ${DNS}`;
    Object.assign(this.#env, { HEROKU_API_URL: this.#options.apiUrl }, this.#config, {
      NODE_OPTIONS: `${node} ${this.#config.NODE_OPTIONS ?? ''}`.trim(),
      // The platform's Node, not one that a shell happens to find first.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    });
  }

  #webPorts(): readonly number[] {
    return this.app.dynos.flatMap(({ identity, current }) =>
      identity.type === 'web' && current.state === 'up' && current.port !== null ? [current.port] : [],
    );
  }
}

/** Installs and builds as Heroku's buildpack for Node.js does. */
export async function buildWithNpm(slug: string): Promise<string> {
  if (!existsSync(join(slug, 'package.json'))) return '';
  const npm = (...args: readonly string[]) => run('npm', [...args], { cwd: slug, maxBuffer: 2 ** 26 });
  await npm('ci', '--include=dev');
  const { scripts = {} } = JSON.parse(readFileSync(join(slug, 'package.json'), 'utf8')) as { scripts?: object };
  for (const script of ['heroku-postbuild', 'build'].filter((name) => name in scripts).slice(0, 1))
    await npm('run', script);
  await npm('prune', '--omit=dev');
  return 'Build succeeded\n';
}
