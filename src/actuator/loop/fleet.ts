import { type Check, checklist } from '../../decision/checklist.ts';
import { decideInSteps } from '../../decision/decide.ts';
import type { DecideInput } from '../../decision/decide-input.ts';
import { noteLearned, noteLimit } from '../../detector/boot/boot.ts';
import { isSilentAt } from '../../detector/boot/silence.ts';
import type { Decision } from '../../model/decision.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { PlatformDyno } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import { type BootRegistry, SUPERSEDED_AFTER_WINDOWS } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import type { LedgerViews } from '../ledger-access.ts';
import type { AppWants } from '../platform/cadence.ts';
import type { PlatformView } from '../platform/platform-view.ts';
import { appWants } from './app-wants.ts';
import { type ByApp, inTurns, stepByStep } from './turns.ts';

/** A boot that sends nothing is assessed again after this many windows. */
const SILENT_LOOK_WINDOWS = 5;

/** What the settings say about judging and about what may be restarted. */
export interface Rules {
  readonly policy: Policy;
  readonly permissions: Permissions;
}

export interface FleetParts {
  readonly registry: BootRegistry;
  /** Null where no token is configured: then the platform is neither read nor asked for anything. */
  readonly platform: PlatformView | null;
  readonly rules: Rules;
  readonly host: Host;
}

/** A boot and what was decided about it. */
export interface Decided {
  readonly entry: BootEntry;
  readonly decision: Decision;
}

/** The boots that report, next to what the platform says of their dynos. */
export class Fleet {
  readonly #parts: FleetParts;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  get policy(): Policy {
    return this.#parts.rules.policy;
  }

  /** Drops boots that are over; see `BootRegistry.prune`. */
  forgetOver(onGone: (bootKey: string) => void): Promise<void> {
    return stepByStep(this.#parts.registry.prune(this.#parts.host.clock.now(), onGone));
  }

  /**
   * Reads the platform where that is due, notes for each boot which listed dyno it is, and returns these boots. One
   * that reports for the first time meanwhile was compared with no listing, so it waits for the next tick.
   */
  async observe(): Promise<ByApp> {
    const apps = this.#parts.registry.byApp();
    await this.#readPlatform(apps);
    await inTurns(apps, (ofApps) => stepByStep(this.#noteListings(ofApps)));
    return apps;
  }

  /**
   * Those of the boots about which there may be something new. A silent one is never restarted, so a look in a while is
   * enough: boots that are gone stay for two days, and would soon be most of the work.
   */
  due(entries: readonly BootEntry[]): readonly BootEntry[] {
    const nowMs = this.#parts.host.clock.now();
    const { windowMs } = this.policy;
    return entries.filter(({ boot, decision }) => {
      const wasSilent = decision !== null && isSilentAt(boot, decision.timeMs, windowMs);
      return !wasSilent || Math.abs(nowMs - decision.timeMs) >= SILENT_LOOK_WINDOWS * windowMs;
    });
  }

  /**
   * The targets of these boots that the allow-list covers. Only they have a ledger, snapshots and a journal: points can
   * name any target, and each would cost Redis and the platform something.
   */
  watchedTargets(entries: readonly BootEntry[]): readonly Target[] {
    return this.#watchedOf(targetsOf(entries));
  }

  /** The same of all boots. */
  allWatchedTargets(): readonly Target[] {
    return this.#watchedOf(this.#parts.registry.targets());
  }

  #watchedOf(targets: readonly Target[]): readonly Target[] {
    const { permissions } = this.#parts.rules;
    return targets.filter((target) => permissionOf(permissions, target) !== 'forbidden');
  }

  async #readPlatform(apps: ByApp): Promise<void> {
    const { platform, host } = this.#parts;
    if (platform === null) return;
    for (const fault of await platform.refresh(await this.#wants(apps, platform))) {
      host.log.warn('the platform could not be read', { code: fault.code, error: fault.message });
    }
  }

  /**
   * What the boots would learn from a read, by app. Of apps that may be acted on, and no others: points can name any
   * app, and each would cost calls of the account's budget.
   */
  async #wants(apps: ByApp, platform: PlatformView): Promise<ReadonlyMap<string, AppWants>> {
    const { rules, host } = this.#parts;
    const watched = Map.groupBy(this.allWatchedTargets(), ({ app }) => app);
    const isWatched = ({ boot: { identity } }: BootEntry) =>
      identity.app !== null &&
      watched.get(identity.app)?.some(({ processType }) => processType === identity.processType) === true;
    const now = { monotonicMs: host.clock.monotonic(), nowMs: host.clock.now() };
    const context = { now, policy: rules.policy, readStartedMs: (app: string) => platform.readStartedMs(app) };
    const wants = new Map<string, AppWants>();
    await inTurns(apps, async (ofApps) => {
      for (const [app, ofApp] of await stepByStep(appWants(ofApps.filter(isWatched), context))) wants.set(app, ofApp);
    });
    return wants;
  }

  *#noteListings(entries: readonly BootEntry[]): Generator<void, void> {
    const { platform } = this.#parts;
    const boots = entries.map(({ boot }) => boot);
    const silentAfterMs = SUPERSEDED_AFTER_WINDOWS * this.policy.windowMs;
    const listings = platform === null ? [] : yield* platform.listingsOf(boots, silentAfterMs);
    for (const [index, entry] of entries.entries()) {
      const listing = listings[index] ?? null;
      entry.listing = listing;
      const { app } = entry.boot.identity;
      if (platform !== null && app !== null && listing?.kind === 'listed') {
        entry.facts = platform.factsOf(app, listing.dyno);
      }
      noteLimit(entry.boot, entry.facts?.limitBytes ?? null);
      yield;
    }
  }

  /**
   * Decides about each of the boots, in steps, and keeps the decision and what was learned of its target with it. The
   * decisions are kept at once, in the last step: nobody sees a target with two boots to be restarted.
   *
   * @param entries with all boots of each of their targets that are due
   */
  *decide(entries: readonly BootEntry[], ledgers: LedgerViews, mayAct: boolean): Generator<void, readonly Decided[]> {
    const decisions = yield* decideInSteps(this.#inputOf(entries, ledgers, mayAct));
    return entries.flatMap((entry, index) => {
      const decision = decisions[index];
      if (decision === undefined) return [];
      const ledger = decision.target === null ? null : ledgers.get(targetKey(decision.target));
      entry.decision = decision;
      entry.learnedFloorBytes = ledger?.learnedFloorBytes ?? entry.learnedFloorBytes;
      if (ledger) noteLearned(entry.boot, ledger.learnedBytesPerJob);
      entry.uselessRestarts = ledger?.uselessRestarts ?? entry.uselessRestarts;
      return [{ entry, decision }];
    });
  }

  /** Why the boot is not restarted now; empty before its first tick, and for one that the platform does not list. */
  checksOf(entry: BootEntry, ledgers: LedgerViews, mayAct: boolean): readonly Check[] {
    const { decision, boot, facts, listing } = entry;
    if (decision === null || listing?.kind === 'unlisted') return [];
    const ledger = decision.target === null ? null : (ledgers.get(targetKey(decision.target)) ?? null);
    return checklist(this.#inputOf([entry], ledgers, mayAct), { decision, ledger, boot, facts, listing });
  }

  /** One look, from which all decisions of a target are made, although webhooks and reads go on between the steps. */
  #inputOf(entries: readonly BootEntry[], ledgers: LedgerViews, mayAct: boolean): DecideInput {
    const { platform, rules, host } = this.#parts;
    const ups = new Map<TargetKey, number | null>();
    // Nobody asks where none must be healthy, and a count goes through all dynos of the app.
    const counted = rules.policy.minHealthy === 0 ? [] : this.watchedTargets(entries);
    const listed = new Map(targetsOf(entries).map(({ app }) => [app, this.dynosOf(app)]));
    for (const target of counted) ups.set(targetKey(target), platform?.upCount(target) ?? null);
    return {
      boots: entries.map(({ boot, facts, listing }) => ({ boot, facts, listing })),
      ledgers,
      nowMs: host.clock.now(),
      policy: rules.policy,
      permissions: rules.permissions,
      // Of a target that is not on the allow-list a person may ask; it is never restarted.
      upCount: (target) => {
        const up = ups.get(targetKey(target));
        return up === undefined ? (platform?.upCount(target) ?? null) : up;
      },
      dynosOf: ({ app }) => listed.get(app) ?? null,
      hindrance: this.#hindrance(mayAct),
    };
  }

  /**
   * While the platform wants no calls an attempt would only wait for its deadline, and its close would start a
   * cooldown. Without any platform a dry run still says what it would restart.
   */
  #hindrance(mayAct: boolean): 'platform-unavailable' | 'taking-over' | null {
    if (this.#parts.platform?.isBlocked()) return 'platform-unavailable';
    return mayAct ? null : 'taking-over';
  }

  /** The dynos of an app as last listed; null where the platform was not read. */
  dynosOf(app: string): readonly PlatformDyno[] | null {
    return this.#parts.platform?.dynosOfApp(app) ?? null;
  }

  /** The newest release that a dyno of the target runs; null where it is unknown. */
  newestRelease(target: Target): number | null {
    return this.#parts.platform?.newestRelease(target) ?? null;
  }
}

/** Of those whose app is known. */
function targetsOf(entries: readonly BootEntry[]): readonly Target[] {
  const targets = new Map<TargetKey, Target>();
  let [lastApp, lastType] = ['', ''];
  for (const { boot } of entries) {
    const { app, processType } = boot.identity;
    // The boots of an app follow one another.
    if (app === null || (app === lastApp && processType === lastType)) continue;
    targets.set(targetKey({ app, processType }), { app, processType });
    [lastApp, lastType] = [app, processType];
  }
  return [...targets.values()];
}
