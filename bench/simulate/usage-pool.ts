import type { BootModel, Moment } from '../../evaluation/family.ts';
import { Random } from '../../evaluation/random.ts';
import { FAMILIES } from '../../evaluation/splits.ts';

const DYNOS_OF_FAMILY = 40;
const SEED = 1;

/**
 * Usage curves for any number of dynos: those of the detector's evaluation, as many dynos of every family, and always
 * the same ones. Dynos share a curve for their first boot and differ by noise; a million curves of their own would take
 * the memory that is measured. One actuator's: a curve knows what was asked of it before.
 */
export class UsagePool {
  readonly #natures = naturesOf(new Random(SEED));
  readonly #firstBoots = this.#natures.map((_, dyno) => this.boot(dyno, { life: 0, clockMin: 0 }));
  /** Of the first boots, at the uptime that was last asked for. */
  #moments: readonly Moment[] = [];
  #uptimeMin = Number.NaN;

  /** A dyno's first boot, which began at time 0. The uptimes asked for must not fall. */
  firstBootAt(dyno: number, uptimeMin: number): Moment {
    if (uptimeMin !== this.#uptimeMin) {
      this.#moments = this.#firstBoots.map((model) => model.at(uptimeMin, uptimeMin));
      this.#uptimeMin = uptimeMin;
    }
    const moment = this.#moments[dyno % this.#moments.length];
    if (moment === undefined) throw new RangeError(`no curve for dyno ${dyno}`);
    return moment;
  }

  /** @param clockMin when the boot starts */
  boot(dyno: number, { life, clockMin }: { readonly life: number; readonly clockMin: number }): BootModel {
    const nature = this.#natures[dyno % this.#natures.length];
    if (nature === undefined) throw new RangeError(`no curve for dyno ${dyno}`);
    return nature(new Random(dyno * 31 + life), clockMin);
  }
}

function naturesOf(random: Random) {
  return Array.from({ length: DYNOS_OF_FAMILY }, () => FAMILIES.map((family) => family.draw(random.fork()))).flat();
}
