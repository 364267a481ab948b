import { AttemptRunner } from '../../src/actuator/restart/attempt/attempt-runner.ts';
import { type LedgerLoss, RememberingLedger } from '../../src/actuator/restart/remembering-ledger.ts';
import type { LedgerPolicy } from '../../src/adapters/redis/ledger/redis-ledger.ts';
import type { Attempt, Move } from '../../src/attempt/attempt.ts';
import { LedgerUnavailable } from '../../src/model/errors.ts';
import type { Target } from '../../src/model/target.ts';
import type { ClaimRequest, KnownRecord, Ledger, Platform } from '../../src/ports.ts';
import { aClaim } from './a-claim.ts';
import { ModelLedger } from './ledger/model-ledger.ts';
import { type DeleteFate, ModelPlatform, type SentDelete, unreadable } from './model-platform.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * Actuators, a ledger and a platform in which every call stops at a gate, so that a test chooses when each is carried
 * out, when its answer arrives, and whether one or the other is lost. An actuator that crashes never hears of its gates
 * again.
 */

export type Passage =
  /** Carried out and answered. */
  | 'through'
  /** Carried out, the answer lost. */
  | 'answer-lost'
  /** Never carried out. */
  | 'request-lost'
  /** Carried out now; the answer waits at a gate of its own. */
  | 'answer-late';

export type Happening =
  | { readonly kind: 'tick'; readonly actuator: number }
  | { readonly kind: 'claim'; readonly actuator: number; readonly dyno: number; readonly by: 'policy' | 'person' }
  | { readonly kind: 'gate'; readonly index: number; readonly passage: Passage }
  /** How many gates in a row were without a fault. */
  | { readonly kind: 'run'; readonly gates: number }
  | { readonly kind: 'crash'; readonly actuator: number }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'fate'; readonly fate: DeleteFate }
  | { readonly kind: 'platform-down'; readonly down: boolean }
  | { readonly kind: 'busy'; readonly busy: boolean }
  | { readonly kind: 'pause'; readonly pause: boolean }
  | { readonly kind: 'ledger-emptied' }
  /** A replica that lags becomes the master: so many happenings are lost. */
  | { readonly kind: 'ledger-behind'; readonly happenings: number };

/** One confirmed or unconfirmed write of `sending`, as the ledger saw it. */
export interface SendingWrite {
  readonly attempt: Attempt;
  readonly atMs: number;
  /** How often the ledger had lost everything, or its newest part, before. */
  readonly generation: number;
  /** Of the actuator that wrote it. */
  readonly life: Life;
  /** When the answer to the write reached that actuator (monotonic); null: not yet, or never. */
  heardAtMs: number | null;
}

export interface WireDelete extends SentDelete {
  readonly write: SendingWrite | null;
  /** Monotonic time between the write and the request. */
  readonly sinceWriteMs: number;
}

interface Gate {
  readonly life: Life;
  pass(passage: Passage): void;
}

export interface Life {
  alive: boolean;
  /** When what it knew was written back (monotonic), by the generation of the ledger that took it. */
  readonly wroteBackAtMs: Map<number, number[]>;
}

interface Actuator {
  readonly runner: AttemptRunner;
  readonly ledger: Ledger;
  readonly life: Life;
}

const MAX_SAVED = 20;
const DYNOS = ['worker.1', 'worker.2'];
const POLICY: LedgerPolicy = { cooldownMs: 60_000, maxRestartsPerHour: 3, holdMs: 240_000 };

export class AttemptWorld {
  readonly clock = new VirtualClock();
  readonly platform = new ModelPlatform(this.clock, DYNOS);
  readonly ledger = new ModelLedger(this.clock, POLICY);
  readonly policy = POLICY;
  readonly writes: SendingWrite[] = [];
  readonly deletes: WireDelete[] = [];
  readonly faults: Error[] = [];
  /** What the actuators took for a loss of the ledger. */
  readonly losses: LedgerLoss[] = [];
  #actuators: Actuator[] = [];
  #gates: Gate[] = [];
  #generation = 0;
  #busy = false;
  /** What the ledger held before each of the last happenings, the newest last. */
  #saved: { readonly ledger: unknown; readonly writes: number }[] = [];
  readonly #emptiedOf = new Set<SendingWrite>();
  /** The generation in which the ledger had lost a write. */
  readonly #lostIn = new Map<SendingWrite, number>();

  constructor() {
    this.#actuators = [this.#start(), this.#start()];
    this.clock.pass(POLICY.holdMs);
  }

  /** Whether the ledger has lost anything. */
  hasLost(): boolean {
    return this.#generation > 0;
  }

  /** Whether the ledger was emptied since: then only the ages of dynos, which this world lacks, count the restart. */
  wasEmptiedOf(write: SendingWrite): boolean {
    return this.#emptiedOf.has(write);
  }

  /** Whether the ledger of that generation still had the write. */
  isKept(write: SendingWrite, generation: number): boolean {
    return (this.#lostIn.get(write) ?? Number.POSITIVE_INFINITY) > generation;
  }

  async happen(happening: Happening): Promise<void> {
    this.#saved = [...this.#saved, { ledger: this.ledger.save(), writes: this.writes.length }].slice(-MAX_SAVED);
    switch (happening.kind) {
      case 'tick':
        this.#tick(happening.actuator);
        break;
      case 'claim':
        this.#claim(happening);
        break;
      case 'gate':
        this.#openGate(happening.index, happening.passage);
        break;
      case 'run':
        await this.#passGates(happening.gates);
        break;
      case 'crash':
        this.#at(happening.actuator).life.alive = false;
        this.#gates = this.#gates.filter((gate) => gate.life.alive);
        this.#actuators[happening.actuator] = this.#start();
        break;
      case 'time':
        this.clock.pass(happening.ms);
        break;
      case 'fate':
        this.platform.fate = happening.fate;
        break;
      case 'platform-down':
        this.platform.listFault = happening.down ? unreadable() : null;
        break;
      case 'busy':
        this.#busy = happening.busy;
        break;
      case 'pause':
        await (happening.pause ? this.ledger.pause(null) : this.ledger.resume(null));
        break;
      case 'ledger-emptied':
        this.ledger.empty();
        for (const write of this.writes) this.#emptiedOf.add(write);
        this.#lose(0);
        break;
      case 'ledger-behind': {
        const saved = this.#saved.at(-happening.happenings);
        if (saved === undefined) break;
        this.ledger.restore(saved.ledger);
        this.#lose(saved.writes);
        // A failover takes time: what the new master shows is from after the last answer of the old one.
        this.clock.pass(1);
        break;
      }
    }
    await settled();
  }

  /** Everything works again, for long enough that every attempt has to end. */
  async recover(): Promise<void> {
    this.platform.listFault = null;
    await this.ledger.resume(null);
    for (let round = 0; round < 40; round++) {
      for (const index of this.#actuators.keys()) this.#tick(index);
      await this.#passGates(Number.POSITIVE_INFINITY);
      this.clock.pass(10_000);
    }
  }

  /** The ledger has lost all writes from this one on. */
  #lose(fromWrite: number): void {
    this.#generation += 1;
    for (const write of this.writes.slice(fromWrite)) {
      if (!this.#lostIn.has(write)) this.#lostIn.set(write, this.#generation);
    }
  }

  async #passGates(count: number): Promise<void> {
    await settled();
    for (let passed = 0; passed < count && this.#gates.length > 0; passed++) {
      this.#openGate(0, 'through');
      await settled();
    }
  }

  #at(index: number): Actuator {
    const actuator = this.#actuators[index];
    if (actuator === undefined) throw new Error(`the world has no actuator ${index}`);
    return actuator;
  }

  #tick(index: number): void {
    const { runner } = this.#at(index);
    void runner.advanceAll().then(({ faults }) => this.faults.push(...faults.map(({ error }) => error)));
  }

  #claim({ actuator, dyno, by }: Extract<Happening, { kind: 'claim' }>): void {
    const { id, name, createdAtMs } = this.platform.dyno(DYNOS[dyno] ?? '');
    const request: ClaimRequest = aClaim({ dyno: name, bootId: id, bootStartTimeMs: createdAtMs, by });
    void this.#at(actuator)
      .runner.claim(request)
      .catch((error: Error) => this.faults.push(error));
  }

  #openGate(index: number, passage: Passage): void {
    const [gate] = this.#gates.length === 0 ? [] : this.#gates.splice(index % this.#gates.length, 1);
    gate?.pass(passage);
  }

  #start(): Actuator {
    const life: Life = { alive: true, wroteBackAtMs: new Map() };
    const ledger = new RememberingLedger(this.#gatedLedger(life), (loss) => this.losses.push(loss));
    const runner = new AttemptRunner({
      ledger,
      platform: this.#gatedPlatform(life),
      clock: this.clock,
      drain: { ask: async () => {}, idle: async () => !this.#busy },
      graceMs: 30_000,
      permission: () => 'allowed',
      stillHolds: () => true,
    });
    return { runner, ledger, life };
  }

  /** Stops at a gate; a dead actuator never hears of it again. */
  #gated<T>(life: Life, carryOut: () => Promise<T>, lost: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (settle: () => void) => life.alive && settle();
      const pass = (passage: Passage) => {
        if (passage === 'request-lost') return answer(() => reject(lost()));
        const result = carryOut();
        // A late or lost answer may be a rejection too, which nobody waits for yet.
        result.catch(() => undefined);
        if (passage === 'answer-lost') return answer(() => result.then(() => reject(lost()), reject));
        if (passage === 'through') return answer(() => result.then(resolve, reject));
        this.#gates.push({
          life,
          pass: (later) => answer(() => (later === 'through' ? result.then(resolve, reject) : reject(lost()))),
        });
      };
      this.#gates.push({ life, pass });
    });
  }

  #gatedLedger(life: Life): Ledger {
    const inner = this.ledger;
    const lost = () => new LedgerUnavailable('no answer');
    const gated = <T>(carryOut: () => Promise<T>) => this.#gated(life, carryOut, lost);
    return {
      read: (target) => gated(() => inner.read(target)),
      open: () => gated(() => inner.open()),
      claim: (request) => gated(() => inner.claim(request)),
      advance: async (attempt, move) => {
        const answer = await gated(() => this.#advance(life, attempt, move));
        if (answer.ok) this.#heard(life, answer.attempt);
        return answer;
      },
      writeBack: (target, known) => gated(() => this.#writeBack(life, target, known)),
      recordReclaimed: (...args) => inner.recordReclaimed(...args),
      recordBackSoon: (...args) => inner.recordBackSoon(...args),
      learnFloor: (...args) => inner.learnFloor(...args),
      noteRelease: (...args) => inner.noteRelease(...args),
      rebuild: (...args) => inner.rebuild(...args),
      pause: (target) => inner.pause(target),
      resume: (target) => inner.resume(target),
    };
  }

  async #writeBack(life: Life, target: Target, known: KnownRecord): Promise<void> {
    await this.ledger.writeBack(target, known);
    const times = life.wroteBackAtMs.get(this.#generation) ?? [];
    life.wroteBackAtMs.set(this.#generation, [...times, this.clock.monotonic()]);
  }

  #heard(sender: Life, { id, phase }: Attempt): void {
    if (phase !== 'sending') return;
    const write = this.writes.findLast(({ attempt, life }) => life === sender && attempt.id === id);
    if (write !== undefined) write.heardAtMs = this.clock.monotonic();
  }

  async #advance(life: Life, attempt: Attempt, move: Move) {
    const answer = await this.ledger.advance(attempt, move);
    if (answer.ok && answer.attempt.phase === 'sending') {
      const [atMs, generation] = [this.clock.monotonic(), this.#generation];
      this.writes.push({ attempt: answer.attempt, atMs, generation, life, heardAtMs: null });
      // The ledger tells restarts by their millisecond. Between two of a target the platform was read.
      this.clock.pass(1);
    }
    return answer;
  }

  #gatedPlatform(life: Life): Platform {
    const inner = this.platform;
    return {
      list: () => this.#gated(life, () => inner.list(), unreadable),
      restart: (app, dyno, mayStillSend) =>
        this.#gated(
          life,
          async () => {
            const before = inner.deletes.length;
            const answer = await inner.restart(app, dyno, mayStillSend);
            for (const sent of inner.deletes.slice(before)) this.deletes.push(this.#onTheWire(life, sent));
            return answer;
          },
          unreadable,
        ).catch(() => ({ kind: 'unknown', why: 'no answer', status: null })),
    };
  }

  #onTheWire(sender: Life, sent: SentDelete): WireDelete {
    const write = this.writes.findLast(({ attempt, life }) => life === sender && attempt.dyno === sent.dyno) ?? null;
    return { ...sent, write, sinceWriteMs: this.clock.monotonic() - (write?.atMs ?? 0) };
  }
}

/** Until every promise that can settle has settled. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
