import type { DynoFacts } from '../../detector/rules/assessment.ts';
import { PlatformError, TidemarkError } from '../../model/errors.ts';
import { findListings, type KnownBoot, type Listing } from '../../model/listing.ts';
import type { Permissions } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { Clock, DynoNews, Platform, PlatformDyno, WatchedPlatform } from '../../ports.ts';
import { inBatches } from '../in-batches.ts';
import type { Heard } from './app-listing.ts';
import { type AppWants, type Cadence, cadenceOf } from './cadence.ts';
import { CallBudget } from './call-budget.ts';
import { DynoQuotas } from './dyno-quotas.ts';
import { HourCount } from './hour-count.ts';
import { NamedApps } from './named-apps.ts';
import { type Moment, WatchedApp } from './watched-app.ts';

/** Why no app can be read or restarted now. A 401 holds until a read succeeds, a 429 until its time is over. */
export interface PlatformBlock {
  readonly why: string;
  /** 401: token refused. 429: the account's calls are used up. */
  readonly status: 401 | 429;
  /** Monotonic ms; a 401 is retried then, too. */
  readonly untilMs: number;
}

/** Calls of the platform, for people. */
export interface CallFigures {
  /** What the account's limit leaves for all its tools in this hour; null before a call. */
  readonly left: number | null;
  /** Made by this actuator since it started. */
  readonly made: number;
  /** Made by this actuator in the last hour, restarts' included. */
  readonly used: number;
  /** What an hour allows this actuator for watching. */
  readonly budget: number;
  /** Of the budget, what may be used now. */
  readonly budgetLeft: number;
}

export interface PlatformViewParts {
  readonly platform: WatchedPlatform;
  readonly clock: Clock;
  readonly permissions: Pick<Permissions, 'allowed' | 'ownApp'>;
  /** The shortest time between two reads of an app. */
  readonly freshMs: number;
  /** Calls an hour for watching, of all actuators that share them. */
  readonly callsPerHour: number;
}

const BLOCK_MS = 60_000;
/** Apps that are asked for before the first answer is waited for. */
const AT_ONCE = 20;
/** An app is forgotten after this time without a boot that reports. */
const FORGET_MS = 3_600_000;

/**
 * What the platform is known to say of the dynos: the detector takes limits and uptimes from here. It asks where an
 * answer can be new, and within a budget. No restart relies on it, because an attempt reads the dyno again, and asks
 * no budget for that.
 */
export class PlatformView {
  /** What watching may ask the platform. */
  readonly budget: CallBudget;
  readonly #parts: PlatformViewParts;
  readonly #cadence: Cadence;
  readonly #hour = new HourCount();
  readonly #named: NamedApps;
  readonly #quotas: DynoQuotas;
  readonly #apps = new Map<string, WatchedApp>();
  #block: PlatformBlock | null = null;

  constructor(parts: PlatformViewParts) {
    const { platform, clock, permissions } = parts;
    this.#parts = parts;
    this.#cadence = cadenceOf(parts.freshMs);
    this.budget = new CallBudget(parts.callsPerHour, clock);
    const mayCall = () => this.#mayCall();
    this.#named = new NamedApps({ platform, mayCall, clock, permissions, cadence: this.#cadence });
    this.#quotas = new DynoQuotas({ platform, mayCall, clock });
    this.calls();
  }

  /**
   * Reads the apps that are due, as far as the budget allows: those first that have used least of it lately. Returns
   * the faults, for the log, instead of throwing them.
   *
   * @param wants of each app that reports
   */
  async refresh(wants: ReadonlyMap<string, AppWants>): Promise<readonly TidemarkError[]> {
    this.#forget(wants);
    // Counted to the minute, whether or not anybody asks.
    this.calls();
    if (this.isBlocked()) return [];
    const missing = await this.#named.lookFor(wants.keys());
    if (missing instanceof PlatformError) this.block(missing);
    const faults = missing === null ? [] : [missing];
    // Before the reads too: with many apps due these would leave it no call.
    await this.#learnQuotas();
    await inBatches(this.#granted(wants), AT_ONCE, async (app) => {
      const fault = await this.#read(app);
      if (fault !== null) faults.push(fault);
    });
    await this.#learnQuotas();
    return [...faults, ...this.#quotas.takeFaults()];
  }

  /** The apps to read now, each with its call taken from the budget. */
  #granted(wants: ReadonlyMap<string, AppWants>): readonly string[] {
    const granted: string[] = [];
    // After a refusal one read shows whether it is over.
    const most = this.#block === null ? Number.POSITIVE_INFINITY : 1;
    if (this.isBlocked()) return granted;
    for (const { app, wanted } of this.#due(wants)) {
      if (granted.length >= most || !this.#mayCall()) break;
      this.#appOf(app).spend(wanted, this.#moment());
      granted.push(app);
    }
    return granted;
  }

  #due(wants: ReadonlyMap<string, AppWants>) {
    const at = this.#moment();
    const due: { app: string; wanted: AppWants; dueMs: number; spent: number }[] = [];
    for (const [app, wanted] of wants) {
      if (!this.#named.has(app)) continue;
      const watched = this.#appOf(app);
      watched.wantedMs = at.monotonicMs;
      const dueMs = watched.dueMs(wanted, at, this.#cadence);
      // While the last answer was a refusal, any app serves to ask again.
      if (dueMs <= at.monotonicMs || this.#block !== null) {
        due.push({ app, wanted, dueMs, spent: Math.round(watched.spent(at.monotonicMs)) });
      }
    }
    return due.sort(
      (a, b) => a.spent - b.spent || Number(b.wanted.isNear) - Number(a.wanted.isNear) || a.dueMs - b.dueMs,
    );
  }

  async #read(app: string): Promise<TidemarkError | null> {
    const started = this.#moment();
    try {
      const dynos = await this.#parts.platform.list(app);
      // A list has a thousand entries a page, and each page is a call.
      this.budget.charge(Math.max(0, Math.ceil(dynos.length / 1000) - 1));
      return this.#note(app, dynos, started);
    } catch (error) {
      // Includes invalid app names: one app must not keep the others from being read.
      if (!(error instanceof TidemarkError)) throw error;
      const watched = this.#appOf(app);
      watched.fail(error, this.#moment());
      if (watched.dynos === null && error instanceof PlatformError && error.status === 404) this.#named.forget(app);
      if (error instanceof PlatformError) this.block(error);
      return error;
    }
  }

  /** Returns what a person should know. */
  #note(app: string, dynos: readonly PlatformDyno[], started: Moment): TidemarkError | null {
    this.#block = null;
    if (this.#appOf(app).note(dynos, started)) return null;
    return new PlatformError(
      'unavailable',
      `${app} has dynos that no webhook has reported: its dynos are read again until webhooks arrive. ` +
        `Look at \`heroku webhooks -a ${app}\` and its deliveries`,
    );
  }

  async #learnQuotas(): Promise<void> {
    for (const [app, watched] of this.#apps) {
      if (!watched.lacksQuotas || this.isBlocked()) continue;
      if (!(await this.#quotas.learn(app, watched.dynos ?? []))) return;
      watched.lacksQuotas = false;
    }
  }

  #forget(wants: ReadonlyMap<string, AppWants>): void {
    const beforeMs = this.#parts.clock.monotonic() - FORGET_MS;
    for (const [app, { wantedMs }] of this.#apps) {
      if (wants.has(app) || wantedMs > beforeMs) continue;
      this.#apps.delete(app);
      this.#quotas.forget(app);
    }
  }

  #mayCall(): boolean {
    return this.budget.take(this.#parts.platform.rateLimitRemaining());
  }

  #moment(): Moment {
    const { clock } = this.#parts;
    return { monotonicMs: clock.monotonic(), nowMs: clock.now() };
  }

  #appOf(app: string): WatchedApp {
    const known = this.#apps.get(app) ?? new WatchedApp();
    this.#apps.set(app, known);
    return known;
  }

  /** The platform for restarts: it asks no budget, and what it lists is known here, too. */
  forRestarts(): Platform {
    const { platform } = this.#parts;
    return {
      list: async (app, signal) => {
        const started = this.#moment();
        const dynos = await platform.list(app, signal);
        if (this.#apps.has(app)) this.#note(app, dynos, started);
        return dynos;
      },
      restart: (app, dyno, mayStillSend, signal) => platform.restart(app, dyno, mayStillSend, signal),
    };
  }

  /** Takes what a webhook says. It changes what is known, and restarts nothing. */
  hear(news: DynoNews): Heard | 'not-watched' {
    return this.#apps.get(news.app)?.hear(news, this.#moment()) ?? 'not-watched';
  }

  /** Remembers a 401 or 429, which concern every app. Other answers concern one app only. */
  block(error: {
    readonly status: number | null;
    readonly retryAfterMs: number | null;
    readonly message: string;
  }): void {
    if (error.status !== 401 && error.status !== 429) return;
    this.#block = {
      why: error.message,
      status: error.status,
      untilMs: this.#parts.clock.monotonic() + (error.retryAfterMs ?? BLOCK_MS),
    };
  }

  /** The last known block. It may be over, which only a successful read proves. */
  blocked(): PlatformBlock | null {
    return this.#block;
  }

  /** Whether no calls may be made now. */
  isBlocked(): boolean {
    return this.#block !== null && this.#parts.clock.monotonic() < this.#block.untilMs;
  }

  calls(): CallFigures {
    const { platform, clock } = this.#parts;
    const made = platform.callsMade();
    return {
      made,
      left: platform.rateLimitRemaining(),
      used: this.#hour.grown(made, clock.monotonic()),
      budget: this.budget.callsPerHour,
      budgetLeft: this.budget.left(),
    };
  }

  /**
   * Each boot's place in the last listings, in the given order; made in steps. A boot that was silent for
   * `silentAfterMs` is over.
   */
  listingsOf(boots: readonly KnownBoot[], silentAfterMs: number): Generator<void, readonly Listing<PlatformDyno>[]> {
    return findListings(boots, (app) => this.dynosOfApp(app), { nowMs: this.#parts.clock.now(), silentAfterMs });
  }

  /** Quota, kill point and age of a listed dyno, from the platform. */
  factsOf(app: string, dyno: PlatformDyno): DynoFacts {
    const quota = this.#quotas.of(app, dyno);
    return {
      limitBytes: quota?.limitBytes ?? null,
      killBytes: quota?.killBytes ?? null,
      createdAtMs: dyno.createdAtMs,
    };
  }

  /** When the app's newest read began (monotonic ms); null where it was not read. */
  readStartedMs(app: string): number | null {
    return this.#apps.get(app)?.startedMs ?? null;
  }

  /** Number of the target's dynos that are up; null where the app was not read. */
  upCount(target: Target): number | null {
    return this.#dynosOf(target)?.filter(({ state }) => state === 'up').length ?? null;
  }

  /** The newest release that one of the target's dynos runs; null where it is unknown. */
  newestRelease(target: Target): number | null {
    let newest: number | null = null;
    for (const { releaseVersion } of this.#dynosOf(target) ?? []) {
      if (releaseVersion !== null) newest = Math.max(newest ?? releaseVersion, releaseVersion);
    }
    return newest;
  }

  /** All dynos of an app at the last read; null where it was not read. */
  dynosOfApp(app: string): readonly PlatformDyno[] | null {
    return this.#apps.get(app)?.dynos ?? null;
  }

  #dynosOf(target: Target): readonly PlatformDyno[] | null {
    return this.dynosOfApp(target.app)?.filter(({ processType }) => processType === target.processType) ?? null;
  }
}
