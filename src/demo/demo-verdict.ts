import { type BootRecord, lastingOverMs, lastUsageBytes } from './boot-records.ts';
import type { QueueCounts } from './job-queues.ts';
import type { TallyReport } from './jobs/tally.ts';
import { PLATEAU_MS, SETTLE_MS } from './plan.ts';

/** One restart that was requested of the dyno manager. Memory in bytes. */
export interface RestartRow {
  readonly dyno: string;
  readonly bootId: string;
  readonly bootNumber: number;
  readonly requestedAtMs: number;
  readonly beforeBytes: number | null;
  /** Of the boot that took its place, once it had settled; null if that boot was not seen. */
  readonly afterBytes: number | null;
}

export interface DemoVerdict {
  readonly ok: boolean;
  /** What was wrong, a sentence each. */
  readonly faults: readonly string[];
  readonly restarts: readonly RestartRow[];
}

export interface Evidence {
  readonly boots: readonly BootRecord[];
  readonly softLimitBytes: number;
  /** The dynos that were given the work that bloats. */
  readonly bloatingDynos: readonly string[];
  readonly jobs: TallyReport;
  /** The same as BullMQ counts it; null if it did not answer. */
  readonly counts: QueueCounts | null;
  /** The ids of boots whose restart the actuator reported as closed by a new boot. */
  readonly confirmedBootIds: ReadonlySet<string>;
  /** Something was killed from outside, so the actuator's report of a restart may be lost. */
  readonly disturbed: boolean;
  /** Why the demo ended early; null if everything was done. */
  readonly cutShort: string | null;
}

/**
 * Whether exactly the bloated boots were restarted, once each and one at a time, and no job was lost, failed or done
 * twice.
 */
export function judge(evidence: Evidence): DemoVerdict {
  const restarts = restartsOf(evidence.boots);
  const faults = [
    ...(evidence.cutShort === null ? [] : [evidence.cutShort]),
    ...evidence.boots.flatMap((boot) => faultsOfBoot(boot, evidence)),
    ...overlaps(evidence.boots),
    ...missing(restarts, evidence),
    ...faultsOfJobs(evidence.jobs, evidence.counts),
  ];
  return { ok: faults.length === 0, faults: [...new Set(faults)], restarts };
}

/** Usage that went above the soft limit and stayed there: a plateau, not a peak. */
export function isBloated(boot: BootRecord, softLimitBytes: number): boolean {
  return lastingOverMs(boot, softLimitBytes) >= PLATEAU_MS;
}

/** In order of time. */
function restartsOf(boots: readonly BootRecord[]): readonly RestartRow[] {
  return boots
    .flatMap((boot) =>
      boot.restartRequestsMs.map((requestedAtMs) => ({
        dyno: boot.dyno,
        bootId: boot.bootId,
        bootNumber: boot.number,
        requestedAtMs,
        beforeBytes: lastUsageBytes(boot.samples.filter((sample) => sample.timeMs <= requestedAtMs)),
        afterBytes: settledBytes(nextBoot(boot, boots)),
      })),
    )
    .sort((a, b) => a.requestedAtMs - b.requestedAtMs);
}

function nextBoot(boot: BootRecord, boots: readonly BootRecord[]): BootRecord | undefined {
  return boots.find((other) => other.dyno === boot.dyno && other.number === boot.number + 1);
}

/** A successor may bloat as well, so what counts is the end of its first `SETTLE_MS`. */
function settledBytes(boot: BootRecord | undefined): number | null {
  if (boot === undefined) return null;
  return lastUsageBytes(boot.samples.filter((sample) => sample.timeMs <= boot.startedAtMs + SETTLE_MS));
}

function faultsOfBoot(boot: BootRecord, { softLimitBytes, disturbed }: Evidence): readonly string[] {
  const name = `boot ${boot.number} of ${boot.dyno}`;
  const times = boot.restartRequestsMs.length;
  const bloated = isBloated(boot, softLimitBytes);
  const faults: string[] = [];
  if (times > 1) faults.push(`${name} was restarted ${times} times`);
  if (times > 0 && !bloated) faults.push(`${name} was restarted although it was not bloated`);
  // A boot that was killed from outside took its bloat with it.
  if (times === 0 && bloated && boot.end !== 'killed') faults.push(`${name} was bloated and was not restarted`);
  if (boot.end === 'crashed') faults.push(`${name} ended by itself (${boot.endDetail ?? 'no code'})`);
  if (boot.end === 'killed' && !disturbed) faults.push(`${name} was killed (${boot.endDetail ?? 'no signal'})`);
  return faults;
}

/** Two restarts of a process type at a time: the second was requested before the first boot had ended. */
function overlaps(boots: readonly BootRecord[]): readonly string[] {
  const restarted = boots.filter((boot) => boot.restartRequestsMs.length > 0);
  return restarted.flatMap((first) =>
    restarted
      .filter((second) => second !== first && second.type === first.type)
      .filter((second) =>
        second.restartRequestsMs.some(
          (atMs) => atMs >= (first.restartRequestsMs[0] ?? 0) && atMs < (first.endedAtMs ?? Number.POSITIVE_INFINITY),
        ),
      )
      .map((second) => `${second.dyno} was restarted while ${first.dyno} was still restarting`),
  );
}

function missing(restarts: readonly RestartRow[], evidence: Evidence): readonly string[] {
  const never = evidence.bloatingDynos.filter((dyno) => !restarts.some((restart) => restart.dyno === dyno));
  const unconfirmed = evidence.disturbed
    ? []
    : restarts.filter((restart) => !evidence.confirmedBootIds.has(restart.bootId));
  return [
    ...never.map((dyno) => `${dyno} was never restarted`),
    ...unconfirmed.map((restart) => `the actuator did not report how its restart of ${restart.dyno} ended`),
  ];
}

function faultsOfJobs(jobs: TallyReport, counts: QueueCounts | null): readonly string[] {
  const list = (what: string, ids: readonly string[]) =>
    ids.length === 0 ? [] : [`${ids.length} ${ids.length === 1 ? 'job' : 'jobs'} ${what}: ${shorten(ids)}`];
  return [
    ...(jobs.added === 0 ? ['no job was added'] : []),
    ...list('lost', jobs.lost),
    ...list('failed', jobs.failed),
    ...list('done more than once', jobs.repeated),
    ...(counts === null ? ['BullMQ did not say how many jobs it has'] : []),
    ...(counts !== null && counts.completed !== jobs.completed
      ? [`BullMQ has ${counts.completed} completed jobs, but ${jobs.completed} were seen to complete`]
      : []),
  ];
}

function shorten(ids: readonly string[]): string {
  return ids.length > 5 ? `${ids.slice(0, 5).join(', ')}, ...` : ids.join(', ');
}
