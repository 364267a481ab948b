import { LedgerUnavailable } from '../../model/errors.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { type Target, targetKey } from '../../model/target.ts';
import type { SeenActuator } from '../../ports.ts';
import type { ActuatorControl } from '../../web/control.ts';
import type { Host } from '../host.ts';
import { readSaved, type SavedParts } from '../saved/saved-actuator.ts';
import { holdersOf, isMissed } from './actuator-views.ts';
import type { OwnRecord } from './own-record.ts';

export interface OtherActuatorsParts {
  readonly own: Pick<OwnRecord, 'now'>;
  readonly state: SavedParts['state'];
  readonly settings: { readonly policy: Policy; readonly permissions: Permissions };
  readonly host: Host;
}

/** What the others hold, as it was read last. */
export interface OthersReading {
  readonly seen: readonly SeenActuator[];
  /** By target, the name of who holds it. */
  readonly holders: ReadonlyMap<string, string>;
  /** Null where they hold nothing. */
  readonly control: ActuatorControl | null;
}

const READ_EVERY_MS = 5_000;
const NOTHING: OthersReading = { seen: [], holders: new Map(), control: null };

/**
 * The other actuators on this Redis, and what they keep there of their dynos. Read only when somebody looks: in a big
 * group it takes a moment.
 */
export class OtherActuators {
  readonly #parts: OtherActuatorsParts;
  #reading: OthersReading = NOTHING;
  #readMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(parts: OtherActuatorsParts) {
    this.#parts = parts;
  }

  get reading(): OthersReading {
    return this.#reading;
  }

  /** The name of who follows the target now, as was read last; null where no other one does. */
  holderOf(target: Target): string | null {
    const heard = this.#reading.seen.filter((one) => !isMissed(one));
    return holdersOf(heard, this.#parts.own.now().targets).get(targetKey(target)) ?? null;
  }

  /** Reads again where the last reading is old. Only the first one is waited for. Never rejects. */
  async refresh(): Promise<void> {
    const { host, state } = this.#parts;
    const nowMs = host.clock.monotonic();
    if (nowMs - this.#readMs >= READ_EVERY_MS && state.available() && this.#running === null) {
      this.#running = this.#read().finally(() => {
        this.#readMs = host.clock.monotonic();
        this.#running = null;
      });
    }
    if (this.#readMs === Number.NEGATIVE_INFINITY) await this.#running;
  }

  async #read(): Promise<void> {
    const { state, settings, own, host } = this.#parts;
    const self = own.now();
    try {
      const seen = (await state.actuators.all()).filter(({ id }) => id !== self.id);
      const holders = holdersOf(seen, self.targets);
      const { permissions, policy } = settings;
      const rules = { policy, permissions: { ...permissions, allowed: [] } };
      const control = holders.size === 0 ? null : await readSaved({ state, settings: rules, host, only: holders });
      this.#reading = { seen, holders, control };
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) {
        const message = error instanceof Error ? error.message : String(error);
        host.log.error('what other actuators hold could not be read', { error: message });
      }
    }
  }
}
