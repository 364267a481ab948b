import { openSavedApi, type SavedApi } from '../../actuator/saved/saved-api.ts';
import { resolveShownSettings } from '../../config/resolve.ts';
import type { ActuatorAddress } from '../../web/client.ts';

export interface EmbeddedActuatorOptions {
  /** The Redis in which the workers' actuators keep their state. */
  readonly redisUrl: string;
  /** The workers' settings: what is read is shown by the same ones. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the page is served. */
  readonly pagePort: number;
}

/** The actuators inside the workers. They have no HTTP, so the demo reads what they keep in Redis. */
export class EmbeddedActuator {
  readonly #options: EmbeddedActuatorOptions;
  #opening: Promise<SavedApi> | null = null;
  #lastLines: readonly string[] = [];

  constructor(options: EmbeddedActuatorOptions) {
    this.#options = options;
  }

  /** The newest lines of their log. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Whether a line that a dyno printed is of an actuator's log; it is kept. */
  takes(line: string, dyno: string): boolean {
    if (!line.startsWith('{')) return false;
    this.#lastLines = [...this.#lastLines.slice(1 - KEPT_LINES), `${dyno}: ${line}`];
    return true;
  }

  /** Where its API answers. Rejects until one of the actuators has begun, and the next call tries again. */
  async address(): Promise<ActuatorAddress> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return (await this.#opening).address;
  }

  async stop(): Promise<void> {
    const api = await this.#opening?.catch(() => null);
    await api?.close();
  }

  async #open(): Promise<SavedApi> {
    const { redisUrl, env, pagePort } = this.#options;
    const api = await openSavedApi(redisUrl, resolveShownSettings(env));
    await api.serve(pagePort);
    return api;
  }
}

const KEPT_LINES = 20;
