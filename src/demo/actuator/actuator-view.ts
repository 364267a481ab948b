import type { Account } from '../screen/report.ts';
import type { ActuatorClient, DecisionState, DynoState } from './actuator-client.ts';

/** All that the actuator has said so far. It is kept here, because an actuator that was killed may not say it again. */
export class ActuatorView {
  readonly #client: ActuatorClient;
  readonly #accounts = new Map<string, Account>();
  #dynos: ReadonlyMap<string, DynoState> = new Map();
  #answers = false;
  #hasAnswered = false;
  #reading = false;

  constructor(client: ActuatorClient) {
    this.#client = client;
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** By boot id. */
  get accounts(): ReadonlyMap<string, Account> {
    return this.#accounts;
  }

  get confirmedBootIds(): ReadonlySet<string> {
    return new Set([...this.#accounts].filter(([, { outcome }]) => outcome === 'restarted').map(([bootId]) => bootId));
  }

  classOf(bootId: string): string | null {
    return this.#dynos.get(bootId)?.class ?? null;
  }

  /** Whether it has seen the floor that a restart of this boot would bring back. */
  knowsFloorOf(bootId: string): boolean {
    return (this.#dynos.get(bootId)?.reclaimable_bytes ?? null) !== null;
  }

  /**
   * Reads once, unless an earlier reading is under way. Returns what is new, a sentence each: restarts decided on, and
   * how they ended.
   */
  async refresh(): Promise<readonly string[]> {
    if (this.#reading) return [];
    this.#reading = true;
    try {
      const [dynos, decisions] = await Promise.all([this.#client.dynos(), this.#client.decisions()]);
      this.#answers = dynos !== null;
      this.#hasAnswered ||= this.#answers;
      if (dynos !== null) this.#dynos = new Map(dynos.map((dyno) => [dyno.boot_id, dyno]));
      return this.#take(decisions ?? []);
    } finally {
      this.#reading = false;
    }
  }

  /** One sentence on what the actuator does about these boots. */
  status(bootIds: readonly string[]): string {
    if (!this.#answers) return this.#hasAnswered ? 'does not answer' : 'is starting';
    const dynos = bootIds.flatMap((bootId) => this.#dynos.get(bootId) ?? []);
    const first = dynos.find((dyno) => dyno.action === 'restart') ?? dynos.find(({ class: name }) => TELLING.has(name));
    if (first !== undefined) return `${first.dyno} (${first.class}): ${first.explanation}`;
    if (dynos.length === 0) return 'waits for the first measurements';
    return `watches ${dynos.length} ${dynos.length === 1 ? 'dyno' : 'dynos'}; none needs a restart`;
  }

  /** Oldest first, so that the last word on a boot is the newest one. */
  #take(decisions: readonly DecisionState[]): readonly string[] {
    return decisions.toReversed().flatMap((decision) => {
      if (decision.action !== 'restart') return [];
      const before = this.#accounts.get(decision.boot_id);
      const { dyno, explanation } = decision;
      // A later decision of the same boot without an outcome does not undo an outcome.
      const outcome = decision.outcome ?? before?.outcome ?? null;
      this.#accounts.set(decision.boot_id, { explanation, outcome });
      if (before === undefined) return [`actuator: restart ${dyno}: ${explanation}`];
      return outcome === before.outcome ? [] : [`actuator: the restart of ${dyno} ended: ${outcome}`];
    });
  }
}

/** The classes that say something about memory. */
const TELLING = new Set(['bloat', 'leak', 'spike']);
