import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { LedgerAccess } from '../../../src/actuator/ledger-access.ts';
import { claimDecided } from '../../../src/actuator/loop/claims.ts';
import { Fleet } from '../../../src/actuator/loop/fleet.ts';
import { Leadership } from '../../../src/actuator/loop/leadership.ts';
import { Learner } from '../../../src/actuator/loop/learner.ts';
import { Reporter } from '../../../src/actuator/loop/reporter.ts';
import { saveSnapshots } from '../../../src/actuator/loop/save-snapshots.ts';
import { tick } from '../../../src/actuator/loop/tick.ts';
import type { Mode } from '../../../src/actuator/mode.ts';
import { PartitionOwner } from '../../../src/actuator/partitions/partition-owner.ts';
import { Partitions } from '../../../src/actuator/partitions/partitions.ts';
import { PlatformView } from '../../../src/actuator/platform/platform-view.ts';
import { EventHistory } from '../../../src/actuator/report/event-history.ts';
import { AttemptRunner } from '../../../src/actuator/restart/attempt/attempt-runner.ts';
import { RememberingLedger } from '../../../src/actuator/restart/remembering-ledger.ts';
import { FloorRecorder } from '../../../src/actuator/restart/restart-outcomes.ts';
import { stillHolds } from '../../../src/actuator/restart/revalidate-decision.ts';
import { snapshotsOf } from '../../../src/actuator/start/restore.ts';
import type { Attempt } from '../../../src/attempt/attempt.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { Ledger, Snapshots, WatchedPlatform } from '../../../src/ports.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { createRecordDecoder } from '../../../src/sources/kafka-records.ts';
import { OWN_VOCABULARY } from '../../../src/sources/otlp/vocabulary.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { ModelTopic } from './model-topic.ts';

export interface ActuatorParts {
  readonly clock: VirtualClock;
  readonly topic: ModelTopic;
  readonly snapshots: Snapshots;
  readonly ledger: Ledger;
  readonly platform: WatchedPlatform;
  readonly policy: Policy;
  /** Whether Redis answers. */
  readonly isRedisThere: () => boolean;
}

const QUIET = { info: () => {}, warn: () => {}, error: () => {} };
const ANYTHING = [
  { app: 'shop', processType: 'worker' },
  { app: 'shop-*', processType: 'worker' },
];
const PERMISSIONS = { allowed: ANYTHING, dryRun: false, ownApp: null };

/** An actuator of the real parts, over a model of Kafka, Redis and the platform. */
export class PartitionActuator {
  readonly partitions: Partitions;
  readonly registry: BootRegistry;
  readonly owner: PartitionOwner;
  readonly intake: Intake;
  /** What could not be read. */
  readonly refused: string[] = [];
  readonly #parts: ActuatorParts;
  readonly #tick: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  readonly #read = new Map<number, bigint>();

  constructor(parts: ActuatorParts) {
    this.#parts = parts;
    const { clock, topic, snapshots, policy } = parts;
    const host = { clock, log: QUIET };
    this.partitions = new Partitions(policy.windowMs, clock);
    this.registry = new BootRegistry(policy);
    this.intake = new Intake({
      maxPointAgeMs: policy.maxPointAgeMs,
      clock,
      holdMs: policy.windowMs / 4,
      position: () => this.partitions.position(),
      accept: (points) => this.registry.accept(points),
    });
    this.owner = new PartitionOwner({
      partitions: this.partitions,
      reader: {
        start: () => {},
        startOffset: async (partition, place) => topic.startOffset(partition, place),
        read: (partition, offset) => void this.#read.set(partition, offset),
        stop: (partition) => void this.#read.delete(partition),
        commit: async (offsets) => topic.commit(offsets),
        close: async () => {},
      },
      intake: this.intake,
      registry: this.registry,
      refusals: { note: ({ kind }) => void this.refused.push(kind) },
      decode: createRecordDecoder(OWN_VOCABULARY),
      load: (partition) => snapshotsOf(partition, snapshots, clock),
      maxPointAgeMs: policy.maxPointAgeMs,
      wait: () => new Promise((resolve) => void this.#waiting.push(resolve)),
      host,
    });
    this.#tick = this.#assemble();
  }

  /** Takes at most this many records of each partition that it reads. */
  take(records: number): void {
    const { topic } = this.#parts;
    for (const [partition, offset] of this.#read) {
      const answer = topic.fetch(partition, offset, records);
      for (const record of answer.records) this.owner.onRecord({ partition, ...record });
      this.#read.set(partition, answer.progress.nextOffset);
      this.owner.onProgress(partition, answer.progress);
    }
    this.intake.settle();
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Delivers again what it has taken already. */
  rewind(records: bigint): void {
    for (const [partition, offset] of this.#read) this.#read.set(partition, offset > records ? offset - records : 0n);
  }

  /** One round of the loop. */
  async round(): Promise<void> {
    await this.#tick();
    if (!this.#parts.isRedisThere()) return;
    const { snapshots } = this.#parts;
    await saveSnapshots(this.registry.entries(), {
      snapshots,
      permissions: PERMISSIONS,
      isLedInside: async () => false,
      jobsOf: () => null,
      reached: (boot) => {
        const place = this.partitions.placeOf(boot, (current) => this.intake.handedOnUpTo(current));
        return place === null ? null : { pointsId: null, place };
      },
      log: QUIET,
    });
    await this.owner.commit();
  }

  #assemble(): () => Promise<void> {
    const { clock, policy, platform } = this.#parts;
    const { registry, partitions } = this;
    const host = { clock, log: QUIET };
    const permissions = PERMISSIONS;
    const rules = { policy, permissions };
    const history = new EventHistory();
    const ledger = new RememberingLedger(this.#parts.ledger);
    const ledgers = new LedgerAccess(ledger, this.#parts.isRedisThere, QUIET);
    const budget = { freshMs: policy.windowMs, callsPerHour: 100_000 };
    const view = new PlatformView({ platform, clock, permissions, ...budget });
    const fleet = new Fleet({ registry, platform: view, rules, host });
    const publish = async () => {};
    const runner = new AttemptRunner({
      ledger,
      platform,
      clock,
      drain: { ask: async () => {}, idle: async () => true },
      graceMs: 0,
      permission: () => 'allowed',
      isOurs: ({ target }: Attempt) => partitions.isHeld(target),
      stillHolds: (attempt) => stillHolds(attempt, { registry, clock, policy }),
    });
    const restarts = {
      prepare: () => {},
      claim: (request: Parameters<AttemptRunner['claim']>[0]) => runner.claim(request),
      adopt: () => {},
      advance: () => {},
      stop: async () => {},
    };
    const mode: Mode = { kind: 'act', restarts, platform };
    const leadership = new Leadership(
      clock,
      policy.windowMs,
      () => true,
      (boot) => partitions.mayDecide(boot),
    );
    const learner = new Learner({ fleet, ledgers, recorder: new FloorRecorder(), publish, host });
    const reporter = new Reporter({ history, publish, mode, host });
    const parts = { mode, decisions: history.decisions, suspects: () => [], log: QUIET };
    const claim = (decided: Parameters<typeof claimDecided>[0]) => claimDecided(decided, parts);
    return async () => {
      await runner.advanceAll();
      await tick({ fleet, ledgers, learner, reporter, actor: { mode, leadership, claim } });
    };
  }
}
