import { randomUUID } from 'node:crypto';
import { Dyno, type DynoContext, type DynoIdentity, type DynoRun } from '../dyno/dyno.ts';
import { type DynoSize, findSize, memoryBytes } from '../dyno/dyno-sizes.ts';
import type { DynoEvent, EventLog } from '../event-log.ts';
import {
  type AppSpec,
  CRASH_DELAYS_MS,
  type DynoManagerOptions,
  type FormationSpec,
  KILL_AFTER_MS,
} from '../options.ts';

/** The variables of this machine that a dyno inherits: nothing else, and no token. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'];

export interface Release {
  readonly id: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly commit: string;
}

/** A one-off dyno: `heroku run`. */
export interface OneOffSpec {
  readonly command: readonly string[];
  /** Default `run`. */
  readonly type?: string;
  readonly size?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** An app and its dynos. */
export class App {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs = Date.now();
  readonly formation: readonly FormationSpec[];
  readonly sizes: readonly DynoSize[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #options: DynoManagerOptions;
  readonly #log: EventLog;
  readonly #dynos = new Map<string, Dyno>();
  #release: Release;
  #oneOffs = 0;

  constructor(spec: AppSpec, parts: { options: DynoManagerOptions; sizes: readonly DynoSize[]; log: EventLog }) {
    this.id = spec.id ?? randomUUID();
    this.name = spec.name;
    this.formation = spec.formation;
    this.sizes = parts.sizes;
    this.#env = spec.env ?? {};
    this.#options = parts.options;
    this.#log = parts.log;
    this.#release = newRelease(spec.releaseVersion ?? 1);
    for (const entry of spec.formation) {
      findSize(this.sizes, sizeName(entry));
      if (entry.command.length === 0) throw new Error(`the process type ${spec.name}:${entry.type} has no command`);
    }
  }

  get dynos(): readonly Dyno[] {
    return [...this.#dynos.values()];
  }

  get release(): Release {
    return this.#release;
  }

  /** By name only: the real API does not restart by id. */
  dyno(name: string): Dyno | null {
    return this.#dynos.get(name) ?? null;
  }

  start(): void {
    for (const entry of this.formation) {
      for (let index = 1; index <= (entry.quantity ?? 1); index += 1) {
        this.#add({
          name: `${entry.type}.${index}`,
          type: entry.type,
          command: entry.command,
          size: findSize(this.sizes, sizeName(entry)),
          env: entry.env ?? {},
          oneOff: false,
        });
      }
    }
  }

  runOneOff(spec: OneOffSpec): string {
    this.#oneOffs += 1;
    const type = spec.type ?? 'run';
    const name = `${type}.${this.#oneOffs}`;
    const size = findSize(this.sizes, spec.size ?? sizeName({}));
    this.#add({ name, type, command: spec.command, size, env: spec.env ?? {}, oneOff: true });
    return name;
  }

  /** A deploy: the next version; every dyno of the formation boots again. */
  deploy(): void {
    this.#release = newRelease(this.#release.version + 1);
    this.record(null, 'release', `v${this.#release.version}`);
    for (const dyno of this.dynos) if (!dyno.identity.oneOff) dyno.release();
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.dynos.map((dyno) => dyno.stop(graceMs)));
  }

  record(dyno: string | null, event: DynoEvent, detail: string | null = null): void {
    const dynoId = dyno === null ? null : (this.dyno(dyno)?.current.id ?? null);
    this.#log.record({ app: this.name, event, dyno, dynoId, detail });
  }

  #add(identity: DynoIdentity): void {
    this.#dynos.set(identity.name, new Dyno(identity, this.#context()));
  }

  #context(): DynoContext {
    const { killAfterMs, startDelayMs, crashDelaysMs, output } = this.#options;
    return {
      killAfterMs: killAfterMs ?? KILL_AFTER_MS,
      startDelayMs: startDelayMs ?? 0,
      crashDelaysMs: crashDelaysMs ?? CRASH_DELAYS_MS,
      env: (dyno, boot) => this.#dynoEnv(dyno, boot),
      releaseVersion: () => this.#release.version,
      onLine: (dyno, boot) => {
        if (output === undefined) return null;
        return (line) => output(line, { app: this.name, dyno: dyno.identity.name, dynoId: boot.id });
      },
      record: (dyno, boot, event, detail) => {
        this.#log.record({ app: this.name, event, dyno: dyno.identity.name, dynoId: boot.id, detail });
      },
      ended: (dyno) => this.#dynos.delete(dyno.identity.name),
    };
  }

  #dynoEnv(dyno: Dyno, boot: DynoRun): Record<string, string> {
    const { identity } = dyno;
    const inherited = INHERITED.flatMap((key) => {
      const value = process.env[key];
      return value === undefined ? [] : [[key, value] as const];
    });
    return {
      ...Object.fromEntries(inherited),
      ...this.#env,
      ...identity.env,
      DYNO: identity.name,
      ...(boot.port === null ? {} : { PORT: String(boot.port) }),
      ...(this.#options.memoryAvailable === true
        ? { MEMORY_AVAILABLE: String(Math.floor(memoryBytes(identity.size) / 2 ** 20)) }
        : {}),
      ...(this.#options.metadata === false ? {} : this.#metadata(boot)),
    };
  }

  /**
   * As the labs feature runtime-dyno-metadata sets them (Dev Center, "Dyno Metadata"); the version carries a `v` here.
   */
  #metadata(boot: DynoRun): Record<string, string> {
    return {
      HEROKU_APP_ID: this.id,
      HEROKU_APP_NAME: this.name,
      HEROKU_APP_DEFAULT_DOMAIN_NAME: `${this.name}.localhost`,
      HEROKU_DYNO_ID: boot.id,
      HEROKU_RELEASE_VERSION: `v${this.#release.version}`,
      HEROKU_RELEASE_CREATED_AT: new Date(this.#release.createdAtMs).toISOString(),
      HEROKU_SLUG_COMMIT: this.#release.commit,
      HEROKU_BUILD_COMMIT: this.#release.commit,
    };
  }
}

export function sizeName(entry: Pick<FormationSpec, 'size'>): string {
  return entry.size ?? 'Standard-1X';
}

function newRelease(version: number): Release {
  return {
    id: randomUUID(),
    version,
    createdAtMs: Date.now(),
    commit: randomUUID().replaceAll('-', '').padEnd(40, '0'),
  };
}
