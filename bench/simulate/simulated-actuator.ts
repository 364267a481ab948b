import type { BootModel } from '../../evaluation/family.ts';
import { Random } from '../../evaluation/random.ts';
import { newestDecidedIn } from '../../src/actuator/app-boots.ts';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { type Decided, Fleet } from '../../src/actuator/loop/fleet.ts';
import { stepByStep } from '../../src/actuator/loop/turns.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { readSnapshot, writeSnapshot } from '../../src/detector/boot/snapshot.ts';
import type { Point } from '../../src/model/point.ts';
import { type TargetKey, targetKey } from '../../src/model/target.ts';
import type { LedgerView } from '../../src/ports.ts';
import { bytesAlive, cpuMs } from './measures.ts';
import { appOf } from './partitions.ts';
import { UsagePool } from './usage-pool.ts';

const MIB = 1024 ** 2;
const LIMIT_BYTES = 512 * MIB;
const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
/** The fewest samples that fill the detector's bucket of a minute. */
const SAMPLE_EVERY_MS = 12_000;
const DECIDE_EVERY_MS = MINUTE_MS;
/** One dyno in this many has its snapshot written and read. */
const SNAPSHOT_EVERY = 20;

export interface ActuatorFigures {
  readonly dynos: number;
  readonly points: number;
  readonly foldCpuMs: number;
  /** Decisions about one dyno each. */
  readonly decided: number;
  readonly decideCpuMs: number;
  /** After the last point: the boots with their series, decisions and indexes. */
  readonly bytes: number;
  readonly restarts: number;
  readonly snapshots: SnapshotFigures;
  /** Class, action and reason of each dyno's newest boot at the end. */
  readonly decisions: ReadonlyMap<number, string>;
}

interface SnapshotFigures {
  readonly count: number;
  readonly bytes: number;
  readonly writeCpuMs: number;
  readonly readCpuMs: number;
}

interface Boot {
  readonly dyno: number;
  /** From 0. */
  readonly life: number;
  readonly startMs: number;
  /** Null for the first boot, whose curve is shared. */
  readonly model: BootModel | null;
}

/**
 * The state of one actuator: its boots, the detector and the decisions, as the service runs them; without Redis, HTTP
 * and the platform. A restart that is decided happens at once: the dyno begins a new boot, and its target's cooldown
 * and budget count.
 */
export class SimulatedActuator {
  readonly #policy = defaultPolicy();
  readonly #registry = new BootRegistry(this.#policy, Number.MAX_SAFE_INTEGER);
  readonly #fleet: Fleet;
  readonly #pool = new UsagePool();
  /** The newest of each dyno, by its number. */
  readonly #boots: Map<number, Boot>;
  readonly #ledgers = new Map<TargetKey, LedgerView>();
  #nowMs = START_MS;
  #restarts = 0;

  constructor(dynos: readonly number[]) {
    this.#boots = new Map(dynos.map((dyno) => [dyno, { dyno, life: 0, startMs: START_MS, model: null }]));
    const quiet = () => undefined;
    const log = { info: quiet, warn: quiet, error: quiet };
    const clock = { now: () => this.#nowMs, monotonic: () => this.#nowMs };
    const permissions = { allowed: [{ app: 'app-*', processType: 'worker' }], dryRun: false, ownApp: null };
    const rules = { policy: this.#policy, permissions };
    this.#fleet = new Fleet({ registry: this.#registry, platform: null, rules, host: { clock, log } });
    for (const dyno of dynos) this.#open(dyno);
  }

  /** Lets simulated time pass, as fast as it can be computed. */
  async run(minutes: number): Promise<ActuatorFigures> {
    const emptyBytes = bytesAlive();
    let [foldCpuMs, decideCpuMs, points, decided] = [0, 0, 0, 0];
    for (const endMs = this.#nowMs + minutes * MINUTE_MS; this.#nowMs < endMs; this.#nowMs += SAMPLE_EVERY_MS) {
      const batch = [...this.#boots.values()].map((boot) => this.#pointOf(boot));
      const beforeMs = cpuMs();
      this.#registry.accept(batch);
      foldCpuMs += cpuMs() - beforeMs;
      points += batch.length;
      if ((this.#nowMs - START_MS) % DECIDE_EVERY_MS !== 0) continue;
      const foldedMs = cpuMs();
      decided += await this.#tick();
      decideCpuMs += cpuMs() - foldedMs;
    }
    const bytes = bytesAlive() - emptyBytes;
    return {
      dynos: this.#boots.size,
      points,
      foldCpuMs,
      decided,
      decideCpuMs,
      bytes,
      restarts: this.#restarts,
      snapshots: this.#writeAndRead(),
      decisions: this.#newestDecisions(),
    };
  }

  async #tick(): Promise<number> {
    await this.#fleet.forgetOver(() => {});
    const apps = await this.#fleet.observe();
    const decided = await stepByStep(this.#fleet.decide(this.#fleet.due(apps.flat()), this.#ledgers, true));
    for (const one of decided) if (one.decision.action === 'restart') this.#restart(one);
    return decided.length;
  }

  #restart({ decision: { target }, entry: { boot } }: Decided): void {
    const key = target === null ? null : targetKey(target);
    const old = this.#boots.get(numberOf(boot.identity));
    const ledger = key === null ? undefined : this.#ledgers.get(key);
    if (key === null || ledger === undefined || old === undefined) return;
    const life = old.life + 1;
    const model = this.#pool.boot(old.dyno, { life, clockMin: (this.#nowMs - START_MS) / MINUTE_MS });
    this.#boots.set(old.dyno, { dyno: old.dyno, life, startMs: this.#nowMs, model });
    const cooldownUntilMs = this.#nowMs + this.#policy.cooldownMs;
    this.#ledgers.set(key, { ...ledger, cooldownUntilMs, sentLastHour: ledger.sentLastHour + 1 });
    this.#restarts += 1;
  }

  #pointOf({ dyno, life, startMs, model }: Boot): Point {
    const uptimeMin = (this.#nowMs - startMs) / MINUTE_MS;
    const { usage, activeJobs } =
      model?.at(uptimeMin, (this.#nowMs - START_MS) / MINUTE_MS) ?? this.#pool.firstBootAt(dyno, uptimeMin);
    // The same of a dyno and a time, whichever actuator has the dyno.
    const noise = new Random(dyno * 100_003 + this.#nowMs / 1000).between(0.99, 1.01);
    const usageBytes = Math.round(usage * LIMIT_BYTES * noise);
    return {
      boot: {
        app: appOf(dyno),
        dyno: `worker.${dyno}`,
        processType: 'worker',
        bootId: `boot-${dyno}-${life}`,
        bootIdSource: 'platform',
        startTimeMs: startMs,
        release: 'v1',
      },
      processId: `process-${dyno}-${life}`,
      processRole: 'main',
      tuning: null,
      timeMs: this.#nowMs,
      rssBytes: usageBytes,
      treeResidentBytes: usageBytes,
      treeSwapBytes: 0,
      limitBytes: LIMIT_BYTES,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs,
      completedJobs: null,
    };
  }

  #writeAndRead(): SnapshotFigures {
    const entries = this.#registry.entries().filter((_, index) => index % SNAPSHOT_EVERY === 0);
    const startMs = cpuMs();
    const texts = entries.map(({ boot }) => writeSnapshot({ boot, pointsId: null, place: null }));
    const writtenMs = cpuMs();
    const read = texts.map((text) => readSnapshot(text)).filter((snapshot) => snapshot !== null);
    const readMs = cpuMs();
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    return { count: read.length, bytes, writeCpuMs: writtenMs - startMs, readCpuMs: readMs - writtenMs };
  }

  #newestDecisions(): ReadonlyMap<number, string> {
    const all = this.#registry.apps().flatMap((ofApp) => [...ofApp.byDyno()]);
    const newest = all.flatMap((ofDyno) => newestDecidedIn(ofDyno) ?? []);
    return new Map(
      newest.map(({ boot, decision }) => [
        numberOf(boot.identity),
        `${decision?.class} ${decision?.action} ${decision?.reason}`,
      ]),
    );
  }

  #open(dyno: number): void {
    const target = { app: appOf(dyno), processType: 'worker' };
    this.#ledgers.set(targetKey(target), {
      target,
      nowMs: START_MS,
      open: null,
      history: [],
      dryHistory: [],
      cooldownUntilMs: 0,
      dryCooldownUntilMs: 0,
      sentLastHour: 0,
      heldUntilMs: 0,
      breakerOpenUntilMs: 0,
      breakerReason: null,
      paused: false,
      pausedBy: { all: false, target: false },
      hasWordOfPause: { all: false, target: false },
      writtenBackMs: 0,
      pausedSinceMs: null,
      pauser: null,
      epochMs: START_MS,
      mayBeEvicted: false,
      spentBootIds: [],
      spentShownAfterMs: 0,
      learnedFloorBytes: null,
      learnedBytesPerJob: null,
      uselessRestarts: 0,
    });
  }
}

function numberOf({ dyno }: { readonly dyno: string }): number {
  return Number(dyno.slice('worker.'.length));
}
