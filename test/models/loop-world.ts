import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { Chronicle } from '../../src/actuator/chronicle/chronicle.ts';
import { LedgerAccess } from '../../src/actuator/ledger-access.ts';
import { claimDecided } from '../../src/actuator/loop/claims.ts';
import { Fleet } from '../../src/actuator/loop/fleet.ts';
import { Leadership } from '../../src/actuator/loop/leadership.ts';
import { Learner } from '../../src/actuator/loop/learner.ts';
import { Reporter } from '../../src/actuator/loop/reporter.ts';
import { tick } from '../../src/actuator/loop/tick.ts';
import type { Mode } from '../../src/actuator/mode.ts';
import { PlatformView } from '../../src/actuator/platform/platform-view.ts';
import { EventHistory } from '../../src/actuator/report/event-history.ts';
import { Standings } from '../../src/actuator/report/standings.ts';
import { FloorRecorder } from '../../src/actuator/restart/restart-outcomes.ts';
import type { Attempt } from '../../src/attempt/attempt.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { JobTotals, jobLimitsFor } from '../../src/job-totals/job-totals.ts';
import type { BootIdentity } from '../../src/model/point.ts';
import type { Permissions, Policy } from '../../src/model/policy.ts';
import type { StateObstacle } from '../../src/model/state-obstacle.ts';
import type { ActuatorEvent } from '../../src/ports.ts';
import { MIB } from '../detector/curves.ts';
import { ModelLedger } from './ledger/model-ledger.ts';
import { ModelPlatform } from './model-platform.ts';
import { VirtualClock } from './virtual-clock.ts';

export const WINDOW_MS = 1000;
export const SHOP = { app: 'shop', processType: 'worker' };
const POLICY: Policy = { ...defaultPolicy(WINDOW_MS), graceMs: 5_000 };
const POINTS_PER_WINDOW = 5;

export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LoopWorldOptions {
  readonly permissions?: Partial<Permissions>;
  /** False: no token is configured. */
  readonly hasPlatform?: boolean;
  /** False: no Redis is configured. */
  readonly hasLedger?: boolean;
}

/**
 * The loop over the in-memory ledger and platform, on a clock that the test moves. Restarts are claimed, and not driven
 * further.
 */
export class LoopWorld {
  readonly clock = new VirtualClock();
  readonly policy = POLICY;
  readonly registry = new BootRegistry(POLICY);
  readonly ledger = new ModelLedger(this.clock, { cooldownMs: 15_000, maxRestartsPerHour: 4, holdMs: 0 });
  readonly platform = new ModelPlatform(this.clock, ['worker.1', 'worker.2']);
  readonly history = new EventHistory();
  readonly jobs = new JobTotals(jobLimitsFor(2 ** 30));
  readonly chronicle = new Chronicle(WINDOW_MS);
  readonly fleet: Fleet;
  readonly events: ActuatorEvent[] = [];
  readonly lines: Line[] = [];
  readonly log = {
    info: this.#logger('info'),
    warn: this.#logger('warn'),
    error: this.#logger('error'),
  };
  readonly permissions: Permissions;
  readonly leadership: Leadership;
  readonly ledgers: LedgerAccess;
  readonly view: PlatformView | null;
  readonly mode: Mode;
  readonly standings: Standings;
  stateObstacle: StateObstacle | null = null;
  isLeader = true;
  isRedisThere = true;
  /** The ids of the attempts that this actuator moves although it does not follow their targets. */
  readonly adopted: string[] = [];
  /** How often open attempts were advanced. */
  advances = 0;
  readonly #tick: () => Promise<void>;
  readonly #starts = new Map<string, number>();

  constructor({ permissions = {}, hasPlatform = true, hasLedger = true }: LoopWorldOptions = {}) {
    const { clock, registry, history, log, ledger } = this;
    this.permissions = { allowed: [SHOP], dryRun: false, ownApp: null, ...permissions };
    const rules = { policy: POLICY, permissions: this.permissions };
    const host = { clock, log };
    const publish = async (event: ActuatorEvent) => {
      history.take(event);
      this.events.push(event);
    };
    this.leadership = new Leadership(clock, WINDOW_MS, () => this.isLeader);
    this.ledgers = new LedgerAccess(hasLedger ? ledger : null, () => this.isRedisThere, log);
    const budget = { freshMs: 2_000, callsPerHour: 1500 };
    this.view = hasPlatform
      ? new PlatformView({ platform: this.platform, clock, permissions: this.permissions, ...budget })
      : null;
    this.mode = this.#mode(hasLedger, hasPlatform);
    this.standings = new Standings({
      registry,
      ledgers: this.ledgers,
      rules,
      stateObstacle: async () => this.stateObstacle,
      log,
    });
    const fleet = new Fleet({ registry, platform: this.view, rules, host });
    this.fleet = fleet;
    const learner = new Learner({ fleet, ledgers: this.ledgers, recorder: new FloorRecorder(), publish, host });
    const reporter = new Reporter({ history, publish, mode: this.mode, host });
    const { mode, leadership, ledgers, suspects } = this;
    const { decisions } = history;
    const claim: typeof this.claim = (decided) => claimDecided(decided, { mode, decisions, suspects, log });
    this.claim = claim;
    this.#tick = async () => {
      await tick({ fleet, ledgers, learner, reporter, actor: { mode, leadership, claim } });
      await this.standings.refresh();
      await this.chronicle.note(registry.byApp(), { nowMs: clock.now(), accepted: 0 });
    };
  }

  readonly suspects = (boot: BootIdentity, count: number) => this.jobs.suspects(boot, count);

  claim: (decided: Parameters<typeof claimDecided>[0]) => Promise<void>;

  #mode(hasLedger: boolean, hasPlatform: boolean): Mode {
    if (!hasLedger) return { kind: 'observe', lacks: 'ledger' };
    if (!hasPlatform) return { kind: 'observe', lacks: 'platform' };
    const restarts = {
      prepare: () => {},
      claim: (request: Parameters<ModelLedger['claim']>[0]) => this.ledger.claim(request),
      adopt: ({ id }: Attempt) => void this.adopted.push(id),
      advance: () => {
        this.advances += 1;
      },
      stop: async () => {},
    };
    return { kind: 'act', restarts, platform: this.platform };
  }

  #logger(level: Line['level']) {
    return (message: string, fields: object = {}) =>
      void this.lines.push({ level, message, fields: fields as Line['fields'] });
  }

  tick(): Promise<void> {
    return this.#tick();
  }

  /** A tick, a window in which this one leads, and a tick: it may act from here on. */
  async settle(): Promise<void> {
    await this.tick();
    this.clock.pass(WINDOW_MS);
    await this.tick();
  }

  /**
   * Lets a dyno report for some windows, five points each, while the clock goes along. Default: bloat that stays at 88
   * % of 512 MB.
   */
  report(dyno: string, { windows = 40, usageMb = bloated, app = 'shop' }: Reports = {}): void {
    const bootId = this.platform.dyno(dyno).id;
    // Watched from its start on, however long ago the fake platform created it.
    const startTimeMs = this.#starts.get(bootId) ?? this.clock.now();
    this.#starts.set(bootId, startTimeMs);
    for (let index = 0; index < windows * POINTS_PER_WINDOW; index += 1) {
      this.clock.pass(WINDOW_MS / POINTS_PER_WINDOW);
      this.registry.accept([
        {
          boot: {
            app,
            dyno,
            processType: 'worker',
            bootId,
            bootIdSource: 'platform',
            startTimeMs,
            release: null,
          },
          processId: dyno,
          processRole: 'main',
          tuning: null,
          timeMs: this.clock.now(),
          rssBytes: Math.round(usageMb(index / POINTS_PER_WINDOW) * MIB),
          treeResidentBytes: null,
          treeSwapBytes: null,
          limitBytes: 512 * MIB,
          heapUsedBytes: null,
          externalBytes: null,
          activeJobs: 0,
          completedJobs: null,
        },
      ]);
    }
  }

  /** What was last decided about a dyno; null before the first decision. */
  decisionOn(dyno: string) {
    return this.registry.newestOf('shop', dyno)?.decision ?? null;
  }
}

interface Reports {
  readonly windows?: number;
  readonly usageMb?: (window: number) => number;
  readonly app?: string;
}

function bloated(window: number): number {
  return window < 10 ? 100 : Math.min(450, 100 + Math.floor(window - 9) * 90);
}
