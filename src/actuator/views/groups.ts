import type { Boot } from '../../detector/boot/boot.ts';
import type { Decision, MemoryClass } from '../../model/decision.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Permissions } from '../../model/policy.ts';
import type { GroupView } from '../../web/views.ts';

/** Senders choose names. */
const MAX_GROUPS = 500;

/** What is said of a dyno in sums. No `DynoView`: of a large fleet, all would hold the event loop for long. */
export interface SeenDyno {
  readonly decision: Decision;
  readonly isStale: boolean;
  readonly boot: Boot;
}

export function isOverSoft({ decision: { usageBytes, softLimitBytes } }: SeenDyno): boolean {
  return usageBytes !== null && softLimitBytes !== null && usageBytes > softLimitBytes;
}

export function isOverLimit({ decision: { usageBytes, limitBytes } }: SeenDyno): boolean {
  return usageBytes !== null && limitBytes !== null && usageBytes > limitBytes;
}

/** The dynos by app and type, in the order in which they come. */
export function groupsOf(dynos: readonly SeenDyno[], permissions: Permissions): readonly GroupView[] {
  const byType = Map.groupBy(dynos, ({ decision }) => `${decision.app}|${decision.processType}`);
  return [...byType.values()].slice(0, MAX_GROUPS).map((all) => groupOf(all, permissions));
}

function groupOf(all: readonly SeenDyno[], permissions: Permissions): GroupView {
  const { app = null, processType = '' } = all[0]?.decision ?? {};
  const jobs = all.flatMap(({ decision }) => decision.activeJobs ?? []);
  const classes: Partial<Record<MemoryClass, number>> = {};
  for (const { decision } of all) classes[decision.class] = (classes[decision.class] ?? 0) + 1;
  const perJob = all.map(({ boot }) => boot.perJob.bytes).filter((bytes) => bytes > 0);
  return {
    app,
    processType,
    isAllowed: app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden',
    dynos: all.length,
    overSoftLimit: all.filter(isOverSoft).length,
    overLimit: all.filter(isOverLimit).length,
    stale: all.filter(({ isStale }) => isStale).length,
    classes,
    limitBytes: common(all.map(({ decision }) => decision.limitBytes)),
    activeJobs: jobs.length === 0 ? null : jobs.reduce((sum, count) => sum + count, 0),
    bytesPerJob: perJob.length === 0 ? null : perJob.reduce((sum, bytes) => sum + bytes, 0) / perJob.length,
    allocator: common(all.map(({ boot }) => boot.tuning?.allocator ?? null)),
    mallocArenaMax: common(all.map(({ boot }) => boot.tuning?.mallocArenaMax ?? null)),
    releases: [...new Set(all.flatMap(({ boot }) => boot.identity.release ?? []))].sort(),
  };
}

/** Null where they differ. */
function common<T>(values: readonly (T | null)[]): T | null {
  const [first = null] = values;
  return values.every((value) => value === first) ? first : null;
}
