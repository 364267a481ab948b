import type { BootEntry } from '../../src/actuator/boot-entry.ts';
import type { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { Fleet } from '../../src/actuator/loop/fleet.ts';
import { PlatformView } from '../../src/actuator/platform/platform-view.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { TargetPattern } from '../../src/model/target.ts';
import type { PlatformDyno } from '../../src/ports.ts';
import { FleetPlatform } from './fleet-platform.ts';
import type { Line } from './loop-world.ts';
import { VirtualClock } from './virtual-clock.ts';

const TICK_MS = 10_000;
/** A silent boot is forgotten, as the registry forgets one that was replaced. */
const FORGET_MS = 10 * 60_000;

export interface WatchedFleetOptions {
  readonly allowed?: readonly TargetPattern[];
  readonly callsPerHour?: number;
}

/** Boots that report, the platform view and a platform of many apps, on a clock that the test moves. */
export class WatchedFleet {
  readonly clock = new VirtualClock();
  readonly platform = new FleetPlatform(this.clock);
  readonly lines: Line[] = [];
  readonly view: PlatformView;
  readonly #entries = new Map<string, BootEntry>();
  readonly fleet: Fleet;

  constructor({ allowed = [{ app: 'shop*', processType: 'worker' }], callsPerHour = 1500 }: WatchedFleetOptions = {}) {
    const { clock, platform } = this;
    const policy = defaultPolicy(60_000);
    const permissions = { allowed, dryRun: false, ownApp: null };
    const byApp = () => [...Map.groupBy(this.#entries.values(), ({ boot }) => boot.identity.app).values()];
    const targets = () =>
      byApp().flatMap(([entry]) => {
        const { app = null, processType = '' } = entry?.boot.identity ?? {};
        return app === null ? [] : [{ app, processType }];
      });
    const registry = { byApp, targets } as unknown as BootRegistry;
    this.view = new PlatformView({ platform, clock, permissions, freshMs: 30_000, callsPerHour });
    const warn = (message: string, fields: object = {}) =>
      void this.lines.push({ level: 'warn', message, fields: fields as Line['fields'] });
    const quiet = () => undefined;
    const log = { info: quiet, warn, error: quiet };
    const rules = { policy, permissions };
    this.fleet = new Fleet({ registry, platform: this.view, rules, host: { clock, log } });
  }

  /** A measurement of each of the dynos, now. Their curves are not followed: nothing here depends on them. */
  report(app: string, dynos: readonly Pick<PlatformDyno, 'name' | 'id'>[]): void {
    for (const dyno of dynos) {
      const key = `${app} ${dyno.id}`;
      const entry = this.#entries.get(key) ?? openEntry(key, app, dyno, this.clock.now());
      this.#entries.set(key, entry);
      (entry.boot as { lastPointMs: number }).lastPointMs = this.clock.now();
    }
  }

  /** Of the newest boot of the dyno. */
  entryOf(app: string, dyno: string): BootEntry | null {
    const ofName = ({ boot: { identity } }: BootEntry) => identity.app === app && identity.dyno === dyno;
    return [...this.#entries.values()].findLast(ofName) ?? null;
  }

  /** Boots that report and are not listed. */
  unlisted(): number {
    const sinceMs = this.clock.now() - 60_000;
    return [...this.#entries.values()].filter(
      ({ boot, listing }) => boot.lastPointMs > sinceMs && listing?.kind !== 'listed',
    ).length;
  }

  async tick(): Promise<void> {
    for (const [key, { boot }] of this.#entries) {
      if (this.clock.now() - boot.lastPointMs > FORGET_MS) this.#entries.delete(key);
    }
    await this.fleet.observe();
  }

  /** Ticks for so long; `each` runs before every tick. */
  async run(forMs: number, each: () => void = () => {}, tickMs = TICK_MS): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += tickMs) {
      this.clock.pass(tickMs);
      each();
      await this.tick();
    }
  }

  /** How the dyno's newest boot stands in the listing. */
  listingOf(app: string, dyno: string) {
    return this.entryOf(app, dyno)?.listing?.kind ?? null;
  }
}

function openEntry(key: string, app: string, { name, id }: Pick<PlatformDyno, 'name' | 'id'>, nowMs: number) {
  const identity = { app, dyno: name, processType: 'worker', bootId: id, bootIdSource: 'platform' };
  const boot = { identity, firstPointMs: nowMs, lastPointMs: nowMs, processes: [] };
  return {
    key,
    boot,
    decision: null,
    seenMs: null,
    isSought: false,
    listing: null,
    facts: null,
  } as unknown as BootEntry;
}
