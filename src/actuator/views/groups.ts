import type { Boot } from '../../detector/boot/boot.ts';
import type { Decision, MemoryClass } from '../../model/decision.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Permissions } from '../../model/policy.ts';
import type { GroupView, Overview } from '../../web/views.ts';

/** Senders choose names. */
const MAX_GROUPS = 500;

/** What is said of a dyno in sums. No `DynoView`: of a large fleet, all would take long to make. */
export interface SeenDyno {
  readonly decision: Decision;
  readonly isStale: boolean;
  readonly boot: Boot;
}

type FleetTotals = Pick<Overview['totals'], 'dynos' | 'overSoftLimit' | 'overLimit' | 'stale'>;

/** How many dynos there are, and how many of them are over a limit or silent. */
class Counts {
  dynos = 0;
  overSoftLimit = 0;
  overLimit = 0;
  stale = 0;

  add({ isStale, decision: { usageBytes, softLimitBytes, limitBytes } }: SeenDyno): void {
    this.dynos += 1;
    if (usageBytes !== null && softLimitBytes !== null && usageBytes > softLimitBytes) this.overSoftLimit += 1;
    if (usageBytes !== null && limitBytes !== null && usageBytes > limitBytes) this.overLimit += 1;
    if (isStale) this.stale += 1;
  }

  get totals(): FleetTotals {
    const { dynos, overSoftLimit, overLimit, stale } = this;
    return { dynos, overSoftLimit, overLimit, stale };
  }
}

/** What all have in common; null where they differ. */
class Common<T> {
  #value: T | null | undefined;

  add(value: T | null): void {
    if (this.#value === undefined) this.#value = value;
    else if (this.#value !== value) this.#value = null;
  }

  get value(): T | null {
    return this.#value ?? null;
  }
}

/** The dynos of one app and process type. */
class GroupSum {
  readonly #first: Decision;
  readonly #counts = new Counts();
  readonly #classes: Partial<Record<MemoryClass, number>> = {};
  readonly #limitBytes = new Common<number>();
  readonly #allocator = new Common<string>();
  readonly #mallocArenaMax = new Common<string>();
  readonly #releases = new Set<string>();
  /** Null where no dyno reports its jobs. */
  #activeJobs: number | null = null;
  #bytesPerJob = 0;
  #withJobs = 0;

  constructor(first: Decision) {
    this.#first = first;
  }

  add(seen: SeenDyno): void {
    const { boot, decision } = seen;
    this.#counts.add(seen);
    this.#classes[decision.class] = (this.#classes[decision.class] ?? 0) + 1;
    this.#limitBytes.add(decision.limitBytes);
    this.#allocator.add(boot.tuning?.allocator ?? null);
    this.#mallocArenaMax.add(boot.tuning?.mallocArenaMax ?? null);
    if (boot.identity.release !== null) this.#releases.add(boot.identity.release);
    if (decision.activeJobs !== null) this.#activeJobs = (this.#activeJobs ?? 0) + decision.activeJobs;
    if (boot.perJob.bytes <= 0) return;
    this.#bytesPerJob += boot.perJob.bytes;
    this.#withJobs += 1;
  }

  view(permissions: Permissions): GroupView {
    const { app, processType } = this.#first;
    return {
      app,
      processType,
      isAllowed: app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden',
      ...this.#counts.totals,
      classes: this.#classes,
      limitBytes: this.#limitBytes.value,
      activeJobs: this.#activeJobs,
      bytesPerJob: this.#withJobs === 0 ? null : this.#bytesPerJob / this.#withJobs,
      allocator: this.#allocator.value,
      mallocArenaMax: this.#mallocArenaMax.value,
      releases: [...this.#releases].sort(),
    };
  }
}

/** The dynos of the fleet, added up one by one: all together, and by app and type. */
export class FleetSums {
  readonly #counts = new Counts();
  readonly #groups = new Map<string, GroupSum>();

  add(seen: SeenDyno): void {
    const { decision } = seen;
    this.#counts.add(seen);
    const key = `${decision.app}|${decision.processType}`;
    const known = this.#groups.get(key);
    if (known !== undefined) known.add(seen);
    else if (this.#groups.size < MAX_GROUPS) {
      const made = new GroupSum(decision);
      this.#groups.set(key, made);
      made.add(seen);
    }
  }

  get totals(): FleetTotals {
    return this.#counts.totals;
  }

  /** In the order in which the first dyno of each came. */
  groups(permissions: Permissions): readonly GroupView[] {
    return [...this.#groups.values()].map((group) => group.view(permissions));
  }
}
