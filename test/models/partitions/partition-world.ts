import { defaultPolicy } from '../../../src/config/policy.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { PlatformDyno, WatchedPlatform } from '../../../src/ports.ts';
import { ModelLedger } from '../ledger/model-ledger.ts';
import { ModelPlatform } from '../model-platform.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { ModelSnapshots, ModelTopic } from './model-topic.ts';
import { type ActuatorParts, PartitionActuator } from './partition-actuator.ts';

const WINDOW_MS = 2_000;
const STEP_MS = 500;
/** As the group's: `SESSION_MS` of the adapter. */
const SESSION_MS = 10_000;
/** Heartbeats are this far apart; so long until a member hears of a rebalance. */
const HEARTBEAT_MS = 2_000;
const RECORDS_A_STEP = 200;
const QUIET_MB = 100;
const BLOATED_MB = 480;
const POLICY: Policy = {
  ...defaultPolicy(WINDOW_MS),
  hardLimit: { kind: 'fraction', fraction: 0.8 },
  minUptimeMs: 0,
  cooldownMs: 2_000,
  maxRestartsPerHour: 1_000,
  graceMs: 0,
  dynoCycleMs: null,
};
const APPS = ['shop-1', 'shop-2', 'shop-3', 'shop-4'];
const DYNOS = ['worker.1', 'worker.2'];

export type Trouble =
  /** Kill -9; another one starts at once. */
  | { readonly kind: 'kill'; readonly actuator: number }
  /** It does nothing for so long, and then goes on where it was before it hears of anything. */
  | { readonly kind: 'sleep'; readonly actuator: number; readonly ms: number }
  /** Kafka gives a partition to one more actuator, and takes it from nobody. */
  | { readonly kind: 'shared'; readonly actuator: number; readonly partition: number }
  /** It takes few records a step. */
  | { readonly kind: 'slow'; readonly actuator: number; readonly ms: number }
  | { readonly kind: 'again'; readonly actuator: number; readonly records: number }
  | { readonly kind: 'poison'; readonly partition: number }
  | { readonly kind: 'redis-away'; readonly ms: number }
  /** What the group had committed is gone. */
  | { readonly kind: 'lost-commit' };

interface Member {
  readonly actuator: PartitionActuator;
  /** The group hears of its end when its session is over. */
  isDead: boolean;
  /** Monotonic, ms. */
  heardMs: number;
  asleepUntilMs: number;
  slowUntilMs: number;
  /** What the group has told it, and when it hears of the rest. */
  held: readonly number[];
  extra: readonly number[];
}

/** A group of actuators over a model of Kafka, in steps of half a second. */
export class PartitionWorld {
  readonly clock = new VirtualClock();
  readonly topic = new ModelTopic(this.clock, APPS.length);
  readonly snapshots = new ModelSnapshots();
  readonly platforms = new Map(APPS.map((app) => [app, new ModelPlatform(this.clock, DYNOS, 3_000)]));
  readonly bloated = new Set<string>();
  readonly faults: string[] = [];
  readonly #ledger = new ModelLedger(this.clock, { ...POLICY, holdMs: 0 });
  #members: Member[] = [];
  #redisAwayUntilMs = 0;

  constructor() {
    this.#members = [this.#join(), this.#join(), this.#join()];
    this.#rebalance();
  }

  static readonly partitions = APPS.length;
  static readonly decidesAgainWithinMs = WINDOW_MS + 20_000;

  trouble(trouble: Trouble): void {
    const nowMs = this.clock.monotonic();
    const alive = this.#alive();
    const member = 'actuator' in trouble ? alive[trouble.actuator % alive.length] : undefined;
    switch (trouble.kind) {
      case 'kill':
        if (member !== undefined) member.isDead = true;
        this.#members.push(this.#join());
        break;
      case 'sleep':
        if (member !== undefined) member.asleepUntilMs = nowMs + trouble.ms;
        break;
      case 'slow':
        if (member !== undefined) member.slowUntilMs = nowMs + trouble.ms;
        break;
      case 'shared':
        if (member !== undefined) member.extra = [trouble.partition];
        break;
      case 'again':
        member?.actuator.rewind(BigInt(trouble.records));
        break;
      case 'poison':
        this.topic.write(trouble.partition, Buffer.from([0xff, 0xff, 0xff]));
        break;
      case 'redis-away':
        this.#redisAwayUntilMs = nowMs + trouble.ms;
        break;
      case 'lost-commit':
        this.topic.committed.clear();
        break;
    }
  }

  /** The first dyno of the app needs a restart from now on; its boot. */
  bloat(app: number): string {
    const name = APPS[app % APPS.length] ?? '';
    const boot = `${name}/${this.#platform(name).dyno('worker.1').id}`;
    this.bloated.add(boot);
    return boot;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) await this.#step();
  }

  /** Whether each partition is decided about by an actuator that is awake. */
  allAreDecided(): boolean {
    const nowMs = this.clock.monotonic();
    const decided = this.#alive()
      .filter(({ asleepUntilMs }) => asleepUntilMs <= nowMs)
      .flatMap(({ actuator }) => actuator.partitions.list())
      .flatMap(({ partition, phase }) => (phase === 'deciding' ? [partition] : []));
    return new Set(decided).size === APPS.length;
  }

  /** The boots that were sent for, in order. */
  restarted(): readonly string[] {
    return [...this.platforms].flatMap(([app, { deletes }]) => deletes.map(({ bootId }) => `${app}/${bootId}`));
  }

  /** What must hold whatever happens; a sentence for each thing that does not. */
  violations(): readonly string[] {
    const restarted = this.restarted();
    return [
      ...restarted.filter((boot, at) => restarted.indexOf(boot) !== at).map((boot) => `${boot} was restarted twice`),
      ...restarted.filter((boot) => !this.bloated.has(boot)).map((boot) => `${boot} is healthy and was restarted`),
      ...this.faults,
    ];
  }

  async #step(): Promise<void> {
    this.clock.pass(STEP_MS);
    const nowMs = this.clock.monotonic();
    for (const [partition, app] of APPS.entries()) this.#report(partition, app);
    for (const member of this.#alive()) {
      if (member.asleepUntilMs > nowMs) continue;
      // Before it hears of anything: what it does after a long sleep rests on what it knew.
      await member.actuator.round();
      if (nowMs - member.heardMs >= HEARTBEAT_MS) this.#heartbeat(member, nowMs);
      await settled();
      member.actuator.take(member.slowUntilMs > nowMs ? 1 : RECORDS_A_STEP);
      await settled();
    }
    const lost = this.#members.filter(({ heardMs, held }) => held.length > 0 && nowMs - heardMs > SESSION_MS);
    if (lost.length > 0) this.#rebalance();
    this.#watchOverlaps();
  }

  #report(partition: number, app: string): void {
    for (const { name, id } of this.#platform(app).dynos())
      this.topic.report(partition, { app, name, id }, this.bloated.has(`${app}/${id}`) ? BLOATED_MB : QUIET_MB);
  }

  #heartbeat(member: Member, nowMs: number): void {
    const isNew = nowMs - member.heardMs > SESSION_MS;
    member.heardMs = nowMs;
    if (isNew) this.#rebalance();
    member.actuator.owner.onConfirmed(nowMs + SESSION_MS);
    member.actuator.owner.onHeld([...new Set([...member.held, ...member.extra])]);
  }

  /** Members keep what they have; what nobody has goes to those with the least. */
  #rebalance(): void {
    const nowMs = this.clock.monotonic();
    const live = this.#members.filter(({ heardMs }) => nowMs - heardMs <= SESSION_MS);
    for (const member of this.#members) if (!live.includes(member)) member.held = [];
    this.#members = this.#members.filter((member) => live.includes(member) || !member.isDead);
    const taken = new Set(live.flatMap(({ held }) => held));
    for (const [partition] of APPS.entries()) {
      if (taken.has(partition)) continue;
      const least = live.reduce<Member | null>((a, b) => (a === null || b.held.length < a.held.length ? b : a), null);
      if (least !== null) least.held = [...least.held, partition];
    }
  }

  #watchOverlaps(): void {
    for (const [app, { deletes }] of this.platforms) {
      for (const [index, { atMs, dyno }] of deletes.entries()) {
        const next = deletes[index + 1];
        if (next !== undefined && next.dyno !== dyno && next.atMs - atMs < 3_000)
          this.faults.push(`${next.dyno} of ${app} was restarted while ${dyno} was away`);
      }
    }
  }

  #join(): Member {
    const parts: ActuatorParts = {
      clock: this.clock,
      topic: this.topic,
      snapshots: {
        save: (...args) => this.#askRedis(() => this.snapshots.save(...args)),
        load: (partition, take) => this.#askRedis(() => this.snapshots.load(partition, take)),
        refuse: (bootKey) => this.snapshots.refuse(bootKey),
      },
      ledger: this.#ledger,
      platform: this.#whole(),
      policy: POLICY,
      isRedisThere: () => this.#isRedisThere(),
    };
    const heardMs = this.clock.monotonic();
    const actuator = new PartitionActuator(parts);
    return { actuator, isDead: false, heardMs, asleepUntilMs: 0, slowUntilMs: 0, held: [], extra: [] };
  }

  #alive(): readonly Member[] {
    return this.#members.filter(({ isDead }) => !isDead);
  }

  #isRedisThere(): boolean {
    return this.clock.monotonic() >= this.#redisAwayUntilMs;
  }

  async #askRedis<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#isRedisThere()) throw new LedgerUnavailable('Redis is away');
    return ask();
  }

  #platform(app: string): ModelPlatform {
    const platform = this.platforms.get(app);
    if (platform === undefined) throw new Error(`there is no ${app}`);
    return platform;
  }

  /** All apps behind one API. */
  #whole(): WatchedPlatform {
    return {
      list: async (app): Promise<readonly PlatformDyno[]> => this.#platform(app).list(),
      restart: async (app, name, mayStillSend) => this.#platform(app).restart(app, name, mayStillSend),
      dynoSizes: async () => new Map(),
      sizesByType: async () => new Map(),
      appsPage: async () => ({ names: APPS, nextRange: null }),
      rateLimitRemaining: () => null,
      callsMade: () => 0,
    };
  }
}

/** Everything that waits for nothing has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
