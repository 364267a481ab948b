import type { Boot } from '../../detector/boot/boot.ts';
import type { MemoryClass } from '../../model/decision.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Permissions } from '../../model/policy.ts';
import type { DynoView, GroupView } from '../../web/views.ts';

/** Senders choose names. */
const MAX_GROUPS = 500;

/** A dyno and the boot that its view was made of. */
export interface SeenDyno {
  readonly view: DynoView;
  readonly boot: Boot;
}

export function isOverSoft({ decision: { usageBytes, softLimitBytes } }: DynoView): boolean {
  return usageBytes !== null && softLimitBytes !== null && usageBytes > softLimitBytes;
}

export function isOverLimit({ decision: { usageBytes, limitBytes } }: DynoView): boolean {
  return usageBytes !== null && limitBytes !== null && usageBytes > limitBytes;
}

/** The dynos by app and type, in the order in which they come. */
export function groupsOf(dynos: readonly SeenDyno[], permissions: Permissions): readonly GroupView[] {
  const byType = Map.groupBy(dynos, ({ view: { decision } }) => `${decision.app}|${decision.processType}`);
  return [...byType.values()].slice(0, MAX_GROUPS).map((all) => groupOf(all, permissions));
}

function groupOf(all: readonly SeenDyno[], permissions: Permissions): GroupView {
  const views = all.map(({ view }) => view);
  const { app = null, processType = '' } = views[0]?.decision ?? {};
  const jobs = views.flatMap(({ decision }) => decision.activeJobs ?? []);
  const classes: Partial<Record<MemoryClass, number>> = {};
  for (const { decision } of views) classes[decision.class] = (classes[decision.class] ?? 0) + 1;
  const perJob = all.map(({ boot }) => boot.perJob.bytes).filter((bytes) => bytes > 0);
  return {
    app,
    processType,
    isAllowed: app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden',
    dynos: views.length,
    overSoftLimit: views.filter(isOverSoft).length,
    overLimit: views.filter(isOverLimit).length,
    stale: views.filter(({ isStale }) => isStale).length,
    classes,
    limitBytes: common(views.map(({ decision }) => decision.limitBytes)),
    activeJobs: jobs.length === 0 ? null : jobs.reduce((sum, count) => sum + count, 0),
    bytesPerJob: perJob.length === 0 ? null : perJob.reduce((sum, bytes) => sum + bytes, 0) / perJob.length,
    allocator: common(all.map(({ boot }) => boot.tuning?.allocator ?? null)),
    mallocArenaMax: common(all.map(({ boot }) => boot.tuning?.mallocArenaMax ?? null)),
    releases: [...new Set(views.flatMap(({ release }) => release ?? []))].sort(),
  };
}

/** Null where they differ. */
function common<T>(values: readonly (T | null)[]): T | null {
  const [first = null] = values;
  return values.every((value) => value === first) ? first : null;
}
