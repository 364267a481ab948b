import { setImmediate as nextTurn } from 'node:timers/promises';
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-metrics';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { BootRegistry, SUPERSEDED_AFTER_WINDOWS } from '../../src/actuator/boot-registry.ts';
import { Chronicle } from '../../src/actuator/chronicle/chronicle.ts';
import { createViews, dynoParts, type ViewParts } from '../../src/actuator/doors/control.ts';
import { OwnRecord } from '../../src/actuator/group/own-record.ts';
import { LedgerAccess } from '../../src/actuator/ledger-access.ts';
import { Fleet } from '../../src/actuator/loop/fleet.ts';
import { Leadership } from '../../src/actuator/loop/leadership.ts';
import { Learner } from '../../src/actuator/loop/learner.ts';
import { Reporter } from '../../src/actuator/loop/reporter.ts';
import { saveSnapshots } from '../../src/actuator/loop/save-snapshots.ts';
import { tick } from '../../src/actuator/loop/tick.ts';
import { stepByStep } from '../../src/actuator/loop/turns.ts';
import type { Mode } from '../../src/actuator/mode.ts';
import { PlatformView } from '../../src/actuator/platform/platform-view.ts';
import { EventHistory } from '../../src/actuator/report/event-history.ts';
import { readFleet } from '../../src/actuator/report/metrics/fleet-metrics.ts';
import { MAX_POINTS_OF_REQUEST, producerOf } from '../../src/actuator/report/metrics/metrics-export.ts';
import { observeState } from '../../src/actuator/report/metrics/state-metrics.ts';
import { Standings } from '../../src/actuator/report/standings.ts';
import { FloorRecorder } from '../../src/actuator/restart/restart-outcomes.ts';
import { overview } from '../../src/actuator/views/overview.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { JobTotals, jobLimitsFor } from '../../src/job-totals/job-totals.ts';
import type { JobPoint } from '../../src/model/job-point.ts';
import type { Point } from '../../src/model/point.ts';
import type { Ledger, PlatformDyno } from '../../src/ports.ts';
import { FleetPlatform } from '../../test/models/fleet-platform.ts';
import { ModelLedger } from '../../test/models/ledger/model-ledger.ts';
import { VirtualClock } from '../../test/models/virtual-clock.ts';

const MIB = 1024 ** 2;
const MINUTE_MS = 60_000;
const SAMPLE_EVERY_MS = 12_000;
const HEAP_BYTES = 8 * 1024 ** 3;

export interface Shape {
  readonly apps: number;
  readonly dynosOfApp: number;
}

/** The actuator's loop over a fleet of one shape, whose dynos are all listed as up; each step can be run alone. */
export class TurnsWorld {
  readonly #policy = defaultPolicy();
  readonly #permissions = { allowed: [{ app: 'app-*', processType: 'worker' }], dryRun: false, ownApp: null };
  readonly #clock = new VirtualClock();
  readonly #registry = new BootRegistry(this.#policy, Number.MAX_SAFE_INTEGER);
  readonly #history = new EventHistory();
  readonly #jobs = new JobTotals(jobLimitsFor(HEAP_BYTES));
  readonly #chronicle = new Chronicle(this.#policy.windowMs);
  readonly #platform = new FleetPlatform(this.#clock);
  #dynos: readonly { readonly app: string; readonly dyno: PlatformDyno }[];
  readonly #mode: Mode;
  readonly #view: PlatformView;
  readonly #ledgers: LedgerAccess;
  readonly #leadership: Leadership;
  readonly #fleet: Fleet;
  readonly #learner: Learner;
  readonly #reporter: Reporter;
  readonly #standings: Standings;
  readonly #meters: MeterProvider;

  constructor({ apps, dynosOfApp }: Shape) {
    const clock = this.#clock;
    const platform = this.#platform;
    const names = Array.from({ length: apps }, (_, app) => `app-${app}`);
    this.#dynos = names.flatMap((app) => platform.addApp(app, dynosOfApp).map((dyno) => ({ app, dyno })));
    const quiet = () => undefined;
    const host = { clock, log: { info: quiet, warn: quiet, error: quiet } };
    const rules = { policy: this.#policy, permissions: this.#permissions };
    const calls = { freshMs: 30_000, callsPerHour: 1_000_000 };
    this.#view = new PlatformView({ platform, clock, permissions: this.#permissions, ...calls });
    const ledger = answersNextTurn(new ModelLedger(clock, { cooldownMs: 0, maxRestartsPerHour: 4, holdMs: 0 }));
    this.#ledgers = new LedgerAccess(ledger, () => true, host.log);
    this.#leadership = new Leadership(clock, 0, () => true);
    const restarts = { prepare: quiet, adopt: quiet, advance: quiet, stop: async () => {} };
    const claim = async () => ({ ok: false, why: 'cooldown' }) as const;
    this.#mode = { kind: 'act', restarts: { ...restarts, claim }, platform };
    const registry = this.#registry;
    this.#fleet = new Fleet({ registry, platform: this.#view, rules, host });
    const publish = async () => {};
    const recorder = new FloorRecorder();
    this.#learner = new Learner({ fleet: this.#fleet, ledgers: this.#ledgers, recorder, publish, host });
    this.#reporter = new Reporter({ history: this.#history, publish, mode: this.#mode, host });
    this.#standings = new Standings({
      registry,
      ledgers: this.#ledgers,
      rules,
      stateObstacle: async () => null,
      log: host.log,
    });
    this.#meters = this.#export();
  }

  get boots(): number {
    return this.#registry.size;
  }

  #export(): MeterProvider {
    const exporter: PushMetricExporter = {
      export: (metrics, done) => {
        JsonMetricsSerializer.serializeRequest(metrics);
        setImmediate(() => done({ code: 0 }));
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const seen = {
      clock: this.#clock,
      maxPointAgeMs: this.#policy.maxPointAgeMs,
      apps: () => this.#registry.apps(),
      standings: () => this.#standings.all(),
    };
    const resource = resourceFromAttributes({});
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: 3_600_000,
      metricProducers: [producerOf(() => stepByStep(readFleet(seen)), resource, sdk)],
      maxExportBatchSize: MAX_POINTS_OF_REQUEST,
    });
    const meters = new MeterProvider({ resource, readers: [reader] });
    observeState({
      meter: meters.getMeter('bench'),
      ingestCounts: () => ({}),
      leads: () => true,
      calls: null,
    });
    return meters;
  }

  /** Lets all dynos report for some minutes. */
  report(minutes: number): void {
    for (const endMs = this.#clock.now() + minutes * MINUTE_MS; this.#clock.now() < endMs; ) {
      this.#clock.pass(SAMPLE_EVERY_MS);
      const points = this.#dynos.map(({ app, dyno }, index) => this.#pointOf(app, dyno, index));
      this.#registry.accept(points);
      for (const { boot, processId, timeMs } of points) {
        const taking = { nowMs: timeMs, sender: { id: 'bench', speaksForAll: true } };
        this.#jobs.take({ boot, processId }, [jobPoint(timeMs)], taking);
      }
    }
  }

  /** All dynos are replaced at once, long enough ago that their old boots are over. */
  deploy(): void {
    const apps = new Set(this.#dynos.map(({ app }) => app));
    for (const app of apps) {
      const createdAtMs = this.#clock.now();
      const fresh = this.#platform.dynos(app).map((dyno) => ({ ...dyno, id: `${dyno.id}-again`, createdAtMs }));
      this.#platform.set(app, fresh);
    }
    this.#dynos = [...apps].flatMap((app) => this.#platform.dynos(app).map((dyno) => ({ app, dyno })));
    this.report(1);
    this.#clock.pass(SUPERSEDED_AFTER_WINDOWS * this.#policy.windowMs);
    this.report(1);
  }

  #pointOf(app: string, dyno: PlatformDyno, index: number): Point {
    const timeMs = this.#clock.now();
    const rise = index % 10 === 0 ? ((timeMs / MINUTE_MS) % 240) * 0.5 : 0;
    const usageBytes = Math.round((150 + (index % 200) + rise + 8 * Math.sin(timeMs / 40_000 + index)) * MIB);
    return {
      boot: {
        app,
        dyno: dyno.name,
        processType: 'worker',
        bootId: dyno.id,
        bootIdSource: 'platform',
        startTimeMs: dyno.createdAtMs,
        release: null,
      },
      processId: dyno.id,
      processRole: 'main',
      tuning: null,
      timeMs,
      rssBytes: usageBytes,
      treeResidentBytes: usageBytes,
      treeSwapBytes: 0,
      limitBytes: 512 * MIB,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs: 0,
      completedJobs: null,
    };
  }

  /** What a round of the loop does, and what is done besides. */
  steps(): readonly (readonly [string, () => Promise<unknown>])[] {
    const registry = this.#registry;
    const fleet = this.#fleet;
    const ledgers = this.#ledgers;
    const parts = { fleet, ledgers, learner: this.#learner, reporter: this.#reporter };
    const actor = { mode: this.#mode, leadership: this.#leadership, claim: async () => {} };
    const saving = {
      snapshots: { save: async () => void (await nextTurn()) },
      isLedInside: async () => false,
      permissions: this.#permissions,
      jobsOf: () => null,
      reached: () => ({ pointsId: null, place: null }),
      log: { warn: () => {} },
    };
    const record = new OwnRecord({
      allowed: [],
      id: 'bench',
      name: 'bench',
      registry,
      fleet,
      leadership: { leads: () => true },
      partitions: null,
      state: null,
      clock: this.#clock,
    });
    return [
      ['forget what is over', () => fleet.forgetOver(() => {})],
      ['platform and listings', () => fleet.observe()],
      ['ledgers', () => ledgers.readAll(fleet.allWatchedTargets())],
      ['whole tick', () => tick({ ...parts, actor })],
      ['snapshots', () => saveSnapshots(registry.entries(), saving)],
      ['standings', () => this.#standings.refresh()],
      ['chronicle', () => this.#chronicle.note(registry.byApp(), { nowMs: this.#clock.now(), accepted: 0 })],
      ['forget jobs', () => stepByStep(this.#jobs.prune(this.#clock.now()))],
      ['own record', () => record.save()],
      ['status', () => this.#overview()],
      ['a page of dynos', async () => createViews(this.#views()).dynosAfter(null, 100)],
      ['jobs', () => stepByStep(this.#jobs.addUp(this.#clock.now()))],
      ['own metrics', () => this.#meters.forceFlush()],
    ];
  }

  /** A partition of Kafka with a tenth of the apps is taken away. */
  async lose(): Promise<void> {
    const apps = [...new Set(this.#dynos.map(({ app }) => app))];
    for (const app of apps.slice(0, Math.ceil(apps.length / 10))) this.#registry.release(app, () => true);
  }

  #views(): ViewParts {
    return {
      registry: this.#registry,
      history: this.#history,
      ledgers: this.#ledgers,
      standings: this.#standings,
      fleet: this.#fleet,
      leadership: this.#leadership,
      chronicle: this.#chronicle,
      jobs: this.#jobs,
      clock: this.#clock,
    };
  }

  #overview(): Promise<unknown> {
    const chronicle = this.#chronicle;
    return overview({
      settings: { policy: this.#policy, permissions: this.#permissions, sources: [], ingestTokens: [] },
      dynos: dynoParts(this.#views()),
      standings: this.#standings,
      overLimit: chronicle.overLimit,
      meter: chronicle.meter,
      mode: this.#mode,
      platform: this.#view,
      startedAtMs: 0,
      isCounted: () => true,
    });
  }

  async stop(): Promise<void> {
    await this.#meters.shutdown();
  }
}

function jobPoint(timeMs: number): JobPoint {
  const labels = { queue: 'mail', name: 'send', known: 'exclusive' } as const;
  const point = {
    figure: 'net',
    seriesId: 1,
    timeMs,
    startMs: 1,
    isDelta: false,
    value: timeMs,
    growth: null,
  } as const;
  return { ...point, labels: () => labels };
}

/** Commands that are sent together are answered together, in a later turn, as Redis does. */
function answersNextTurn(ledger: ModelLedger): Ledger {
  return new Proxy(ledger, {
    get: (target, name) => {
      const method = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        await nextTurn();
        return method.apply(target, args);
      };
    },
  });
}
