/** A dyno as `GET /api/dynos` lists it: the fields that the demo needs. */
export interface DynoState {
  readonly dyno: string;
  readonly boot_id: string;
  readonly class: string;
  readonly action: string;
  readonly explanation: string;
  /** What a restart would give back; null while the actuator does not know it. */
  readonly reclaimable_bytes: number | null;
}

/** A decision as `GET /api/decisions` lists it. */
export interface DecisionState extends DynoState {
  /** RFC 3339. */
  readonly time: string;
  /** How the restart ended; null before that, and for other decisions. */
  readonly outcome: string | null;
}

const DEADLINE_MS = 2_000;

/** Asks the actuator. Null means no answer, which is usual: it may be starting, or have been killed. */
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
