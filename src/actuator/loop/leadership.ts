import type { BootIdentity } from '../../model/point.ts';
import type { Clock } from '../../ports.ts';

/** Acts only after leading for a full window: what it decides then rests on points of its own. */
export class Leadership {
  readonly #clock: Clock;
  readonly #watchMs: number;
  readonly #isLeader: () => boolean;
  readonly #decidesOn: (boot: BootIdentity) => boolean;
  #sinceMs: number | null = null;

  /** @param decidesOn whether the boot is among those that this actuator follows long enough. Default: all are */
  constructor(
    clock: Clock,
    watchMs: number,
    isLeader: () => boolean,
    decidesOn: (boot: BootIdentity) => boolean = () => true,
  ) {
    this.#clock = clock;
    this.#watchMs = watchMs;
    this.#isLeader = isLeader;
    this.#decidesOn = decidesOn;
  }

  /** Of several actuators the one that leads reports to people and writes the journal. */
  leads(): boolean {
    const leads = this.#isLeader();
    if (!leads) this.#sinceMs = null;
    else this.#sinceMs ??= this.#clock.monotonic();
    return leads;
  }

  /** Before this it claims nothing. */
  mayAct(): boolean {
    return this.leads() && this.#sinceMs !== null && this.#clock.monotonic() - this.#sinceMs >= this.#watchMs;
  }

  /** False: about this boot it only advises. */
  mayActOn(boot: BootIdentity): boolean {
    return this.mayAct() && this.#decidesOn(boot);
  }
}
