import type { BootRecord } from './simulate.ts';

/** The quota, in fractions of itself. */
export const LIMIT = 1;
/** Time after which a fresh boot has reached its floor. Minutes. */
export const WARM_MIN = 30;

/**
 * The first minute of uptime from which the floor is over a fraction of the quota (it only rises in the families that
 * use this); null if it is not within `life`.
 */
export function firstOver(boot: BootRecord, share: number, life: number): number | null {
  if (boot.model.floor(life) < share) return null;
  let [low, high] = [0, life];
  while (high - low > 0.05) {
    const middle = (low + high) / 2;
    if (boot.model.floor(middle) >= share) high = middle;
    else low = middle;
  }
  return high;
}

/** "Nearly always": this fraction of the minutes. */
const NEARLY_ALWAYS = 0.9;

/** Null where the leak did not get half of its way to the limit. */
export function isNamedFromHalfway(boot: BootRecord): boolean | null {
  const uptime = boot.endMin - boot.startMin;
  const fresh = boot.model.floor(WARM_MIN);
  const halfwayMin = firstOver(boot, (fresh + LIMIT) / 2, uptime);
  if (halfwayMin === null) return null;
  const namedMin = boot.classes.reduce((sum, { uptime: from, className }, index) => {
    const to = boot.classes[index + 1]?.uptime ?? uptime;
    return sum + (className === 'leak' ? Math.max(0, to - Math.max(from, halfwayMin)) : 0);
  }, 0);
  return namedMin >= NEARLY_ALWAYS * (uptime - halfwayMin);
}
