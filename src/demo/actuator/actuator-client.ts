/** What the demo reads of the actuator's HTTP interface. */
export interface DynoState {
  readonly dyno: string;
  readonly boot_id: string;
  readonly class: string;
  readonly action: string;
  readonly reason: string;
  readonly explanation: string;
  /** Null while the actuator does not know the floor that a restart would bring back. */
  readonly reclaimable_bytes: number | null;
}

export interface DecisionState extends DynoState {
  /** RFC 3339. */
  readonly time: string;
  readonly outcome: string | null;
}

const DEADLINE_MS = 2_000;

/** Asks the actuator; null where it does not answer, which is nothing unusual: it may be starting, or have been killed. */
export class ActuatorClient {
  readonly #baseUrl: string;
  readonly #adminToken: string;

  constructor(baseUrl: string, adminToken: string) {
    this.#baseUrl = baseUrl;
    this.#adminToken = adminToken;
  }

  async dynos(): Promise<readonly DynoState[] | null> {
    return (await this.#read<{ readonly dynos: readonly DynoState[] }>('/api/dynos'))?.dynos ?? null;
  }

  /** Newest first. */
  async decisions(): Promise<readonly DecisionState[] | null> {
    return (await this.#read<{ readonly decisions: readonly DecisionState[] }>('/api/decisions'))?.decisions ?? null;
  }

  async isUp(): Promise<boolean> {
    return (await this.#read('/healthz')) !== null;
  }

  async #read<T>(path: string): Promise<T | null> {
    try {
      const response = await fetch(`${this.#baseUrl}${path}`, {
        headers: { authorization: `Bearer ${this.#adminToken}` },
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return response.ok ? ((await response.json()) as T) : null;
    } catch {
      return null;
    }
  }
}
