import { type BootRecord, lastUsageBytes } from './boot-records.ts';
import { isBloated } from './demo-verdict.ts';
import type { QueueCounts } from './job-queues.ts';
import { SETTLE_MS } from './plan.ts';

export interface Progress {
  readonly nowMs: number;
  readonly boots: readonly BootRecord[];
  readonly softLimitBytes: number;
  readonly bloatingDynos: readonly string[];
  readonly allJobsDone: boolean;
  /** As BullMQ counts; null while not known. */
  readonly counts: QueueCounts | null;
  readonly confirmedBootIds: ReadonlySet<string>;
}

/** How long to wait for the actuator's confirmation: an actuator that was killed may have forgotten the restart. */
const CONFIRM_PATIENCE_MS = 30_000;

/** What the demo still waits for, in words; null if everything is done. */
export function waitingFor(progress: Progress): string | null {
  const { boots, bloatingDynos, nowMs } = progress;
  const never = bloatingDynos.filter((dyno) => !boots.some((boot) => boot.dyno === dyno && isRestarted(boot)));
  if (never.length > 0) return `a restart of ${never.join(' and ')}`;
  const ending = boots.find((boot) => isRestarted(boot) && boot.end === null);
  if (ending !== undefined) return `the end of boot ${ending.number} of ${ending.dyno}`;
  const bloated = boots.find((boot) => isStillBloated(boot, progress));
  if (bloated !== undefined) return `a restart of boot ${bloated.number} of ${bloated.dyno}`;
  const unconfirmed = boots.find((boot) => isUnconfirmed(boot, progress));
  if (unconfirmed !== undefined) return `the actuator's confirmation that ${unconfirmed.dyno} is new`;
  if (!progress.allJobsDone || progress.counts === null || progress.counts.open > 0) return 'the last jobs';
  const young = boots.find((boot) => boot.end === null && nowMs - boot.startedAtMs < SETTLE_MS);
  return young === undefined ? null : `boot ${young.number} of ${young.dyno} to settle`;
}

function isRestarted(boot: BootRecord): boolean {
  return boot.restartRequestsMs.length > 0;
}

/** Includes a boot that has just risen above the limit: it may be a peak, or the next plateau. */
function isStillBloated(boot: BootRecord, { softLimitBytes }: Progress): boolean {
  if (boot.end !== null || isRestarted(boot)) return false;
  return isBloated(boot, softLimitBytes) || (lastUsageBytes(boot.samples, 1) ?? 0) > softLimitBytes;
}

function isUnconfirmed(boot: BootRecord, { confirmedBootIds, nowMs }: Progress): boolean {
  const [askedAtMs] = boot.restartRequestsMs;
  if (askedAtMs === undefined || confirmedBootIds.has(boot.bootId)) return false;
  return nowMs - askedAtMs < CONFIRM_PATIENCE_MS;
}
