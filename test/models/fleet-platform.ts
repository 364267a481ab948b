import { PlatformError } from '../../src/model/errors.ts';
import type { AppsPage, Clock, DynoQuota, PlatformDyno, RestartAnswer, WatchedPlatform } from '../../src/ports.ts';

const QUOTA = { limitBytes: 2 ** 29, killBytes: 2 ** 30 };
const APPS_A_PAGE = 1000;

/** A platform of many apps on a virtual clock, which counts what it is asked. */
export class FleetPlatform implements WatchedPlatform {
  /** Every call, as `list shop`, `sizes`, `apps`, ... */
  readonly calls: string[] = [];
  /** Thrown by all reads while it is set. */
  fault: PlatformError | null = null;
  /** What `rateLimitRemaining` returns. */
  left: number | null = null;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #apps = new Map<string, PlatformDyno[]>();
  #boots = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Adds an app whose dynos have run for an hour. */
  addApp(app: string, dynos: number): readonly PlatformDyno[] {
    const made = Array.from({ length: dynos }, (_, index) => this.#boot(`worker.${index + 1}`, 3_600_000));
    this.#apps.set(app, made);
    return made;
  }

  dynos(app: string): readonly PlatformDyno[] {
    return this.#apps.get(app) ?? [];
  }

  set(app: string, dynos: readonly PlatformDyno[]): void {
    this.#apps.set(app, [...dynos]);
  }

  removeApp(app: string): void {
    this.#apps.delete(app);
  }

  /** The platform's own restart: the same name, another id. */
  cycle(app: string, name: string): PlatformDyno {
    const fresh = this.#boot(name, 0);
    this.set(
      app,
      this.dynos(app).map((dyno) => (dyno.name === name ? fresh : dyno)),
    );
    return fresh;
  }

  /** How many calls of one kind were made; all without a kind. */
  count(kind = ''): number {
    return this.calls.filter((call) => call.startsWith(kind)).length;
  }

  async list(app: string): Promise<readonly PlatformDyno[]> {
    this.#called(`list ${app}`);
    const dynos = this.#apps.get(app);
    if (dynos === undefined) throw new PlatformError('refused', 'no such app', { status: 404, errorId: 'not_found' });
    return dynos;
  }

  async dynoSizes(app: string | null): Promise<ReadonlyMap<string, DynoQuota>> {
    this.#called(app === null ? 'sizes' : `sizes of ${app}`);
    return new Map([['standard-1x', QUOTA]]);
  }

  async sizesByType(app: string): Promise<ReadonlyMap<string, string>> {
    this.#called(`formation ${app}`);
    return new Map([['worker', 'standard-1X']]);
  }

  async appsPage(range: string | null): Promise<AppsPage> {
    this.#called('apps');
    const first = Number(range ?? 0);
    const names = [...this.#apps.keys()].sort();
    const next = first + APPS_A_PAGE;
    return { names: names.slice(first, next), nextRange: next < names.length ? String(next) : null };
  }

  async restart(): Promise<RestartAnswer> {
    this.#called('restart');
    return { kind: 'accepted', status: 202, requestId: null };
  }

  rateLimitRemaining(): number | null {
    return this.left;
  }

  callsMade(): number {
    return this.calls.length;
  }

  #called(call: string): void {
    this.calls.push(call);
    if (this.fault !== null) throw this.fault;
  }

  #boot(name: string, ageMs: number): PlatformDyno {
    this.#boots += 1;
    const createdAtMs = this.#clock.now() - ageMs;
    const id = `boot-${this.#boots}`;
    return { id, name, processType: 'worker', state: 'up', size: 'Standard-1X', createdAtMs, releaseVersion: 1 };
  }
}
