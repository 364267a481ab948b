import { type ActuatorAddress, callApi } from '../../web/client.ts';
import type { Decision } from '../../web/schema/decision.ts';
import type { Dyno } from '../../web/schema/dyno.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import { ROUTES } from '../../web/schema/routes.ts';

/** What the demo reads about a dyno. */
export type DynoState = Pick<Dyno, 'dyno' | 'boot_id' | 'class' | 'action' | 'explanation' | 'reclaimable_bytes'>;

export type DecisionState = DynoState & Pick<Decision, 'time' | 'outcome'>;

const TIMEOUT_MS = 2_000;

/**
 * Asks the actuator. Null where it does not answer, which is normal in a demo: it may be starting, or have been killed.
 */
export class ActuatorClient {
  readonly #address: ActuatorAddress;

  constructor(baseUrl: string) {
    this.#address = { base: new URL(baseUrl), adminToken: null };
  }

  async dynos(): Promise<readonly DynoState[] | null> {
    const result = await callApi(this.#address, ROUTES.dynos, { timeoutMs: TIMEOUT_MS });
    return result.ok ? result.body.dynos : null;
  }

  /** Newest first. */
  async decisions(): Promise<readonly DecisionState[] | null> {
    const result = await callApi(this.#address, ROUTES.decisions, { timeoutMs: TIMEOUT_MS });
    return result.ok ? result.body.decisions : null;
  }

  /** The job names of each target by net growth. */
  async jobs(): Promise<readonly TargetJobs[] | null> {
    const result = await callApi(this.#address, ROUTES.jobs, { timeoutMs: TIMEOUT_MS });
    return result.ok ? result.body.targets : null;
  }
}
