import { type ActuatorAddress, callApi } from '../../web/client.ts';
import type { Decision } from '../../web/schema/decision.ts';
import type { Dyno } from '../../web/schema/dyno.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import { ROUTES, type Route } from '../../web/schema/routes.ts';

/** What the demo reads about a dyno. */
export type DynoState = Pick<Dyno, 'dyno' | 'boot_id' | 'class' | 'action' | 'explanation' | 'reclaimable_bytes'>;

export type DecisionState = DynoState & Pick<Decision, 'time' | 'outcome'>;

const TIMEOUT_MS = 2_000;

/**
 * Asks the actuator. Null where it does not answer, which is normal in a demo: it may be starting, or have been killed.
 */
export class ActuatorClient {
  readonly #address: () => Promise<ActuatorAddress>;

  /** @param address rejects while there is nobody to ask */
  constructor(address: () => Promise<ActuatorAddress>) {
    this.#address = address;
  }

  async dynos(): Promise<readonly DynoState[] | null> {
    return (await this.#ask(ROUTES.dynos))?.dynos ?? null;
  }

  /** Newest first. */
  async decisions(): Promise<readonly DecisionState[] | null> {
    return (await this.#ask(ROUTES.decisions))?.decisions ?? null;
  }

  /** The job names of each target by net growth. */
  async jobs(): Promise<readonly TargetJobs[] | null> {
    return (await this.#ask(ROUTES.jobs))?.targets ?? null;
  }

  async #ask<R extends Route>(route: R) {
    const address = await this.#address().catch(() => null);
    if (address === null) return null;
    const result = await callApi(address, route, { timeoutMs: TIMEOUT_MS });
    return result.ok ? result.body : null;
  }
}
