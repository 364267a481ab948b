import type { Attempt } from '../../attempt/attempt.ts';
import type { CurveView, MarkView, PastBootView } from '../../web/views.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { BootRegistry } from '../boot-registry.ts';
import { between, joined, thinned } from '../chronicle/boot-curve.ts';
import type { BootRecord, DynoLog } from '../chronicle/dyno-log.ts';
import type { QuotaErrorSpan, QuotaErrors } from '../chronicle/quota-errors.ts';
import type { AttemptLog } from '../report/attempt-log.ts';

export interface HistoryParts {
  readonly registry: BootRegistry;
  readonly log: DynoLog;
  readonly quotaErrors: Pick<QuotaErrors, 'of'>;
  readonly attempts: Pick<AttemptLog, 'ofDyno'>;
  readonly nowMs: () => number;
}

/** What the curves of the list span. */
const LIST_SPAN_MS = 6 * 3_600_000;
const MAX_PAST = 5;

/** The boots of one dyno name, newest first, with what became of each. */
export function boots({ registry, log }: HistoryParts, entry: BootEntry): readonly BootRecord[] {
  const { app, dyno } = entry.boot.identity;
  const alive = registry.ofDyno(app, dyno).flatMap((one) => log.of(one) ?? []);
  return [...alive, ...log.past(app, dyno)].sort((a, b) => b.firstPointMs - a.firstPointMs);
}

/** The newest hours of the name, past boots included, in a bounded number of moments. */
export function recentHistory(
  parts: HistoryParts,
  entry: BootEntry,
  moments: number,
): { readonly curve: CurveView; readonly marks: readonly MarkView[] } {
  const all = boots(parts, entry);
  const fromMs = parts.nowMs() - LIST_SPAN_MS;
  const within = all.filter(({ lastPointMs }) => lastPointMs >= fromMs).reverse();
  const curve = thinned(between(joined(within.map((record) => record.curve())), fromMs), moments);
  return { curve, marks: marks(parts, entry, all).filter(({ timeMs }) => timeMs >= fromMs) };
}

/** Oldest first: restarts, deploys, passings of the quota, and what Heroku logged of them. */
export function marks(parts: HistoryParts, entry: BootEntry, all: readonly BootRecord[]): readonly MarkView[] {
  const attempts = attemptsOf(parts, entry);
  const found = [
    ...all.flatMap((record, index) => startMark(record, all[index + 1], attempts) ?? []),
    ...all.flatMap(({ overLimitMs }) => overLimitMs.map(overMark)),
    ...parts.quotaErrors.of(entry.boot.identity.app, entry.boot.identity.dyno).map(errorMark),
    ...attempts.flatMap((attempt) => attemptMark(attempt) ?? []),
  ];
  return found.sort((a, b) => a.timeMs - b.timeMs);
}

/** The boots before the newest one. */
export function pastBoots(parts: HistoryParts, entry: BootEntry): readonly PastBootView[] {
  const all = boots(parts, entry);
  const attempts = attemptsOf(parts, entry);
  return all.slice(1, 1 + MAX_PAST).map((record, index) => {
    const curve = record.curve();
    const usage = curve.usageBytes.filter((bytes) => bytes !== null);
    return {
      bootId: record.bootId,
      release: record.release,
      firstPointMs: record.firstPointMs,
      lastPointMs: record.lastPointMs,
      peakBytes: usage.length === 0 ? null : Math.max(...usage),
      floorBytes: record.floorBytes,
      class: record.class,
      ended: endOf(record, all[index], attempts),
      curve: thinned(curve, 120),
    };
  });
}

function attemptsOf({ attempts }: HistoryParts, { boot: { identity } }: BootEntry): readonly Attempt[] {
  return identity.app === null ? [] : attempts.ofDyno(identity.app, identity.dyno);
}

function endOf(
  record: BootRecord,
  successor: BootRecord | undefined,
  attempts: readonly Attempt[],
): PastBootView['ended'] {
  if (restartOf(record, attempts) !== undefined) return 'restart';
  const releases = [record.release, successor?.release ?? null];
  return releases.every((release) => release !== null) && releases[0] !== releases[1] ? 'deploy' : 'other';
}

function restartOf({ bootId }: BootRecord, attempts: readonly Attempt[]): Attempt | undefined {
  return attempts.find((attempt) => attempt.bootId === bootId && attempt.outcome === 'restarted');
}

/** Null for the first boot that is known, and for one that followed a restart, which has a mark of its own. */
function startMark(record: BootRecord, before: BootRecord | undefined, attempts: readonly Attempt[]): MarkView | null {
  if (before === undefined) return null;
  const ended = endOf(before, record, attempts);
  if (ended === 'restart') return null;
  const isDeploy = ended === 'deploy';
  const says = isDeploy ? `deploy: ${before.release} to ${record.release}` : 'a new boot';
  return { timeMs: record.firstPointMs, kind: isDeploy ? 'deploy' : 'boot', says, attemptId: null };
}

function overMark(timeMs: number): MarkView {
  return { timeMs, kind: 'over-limit', says: 'usage passed the quota (R14)', attemptId: null };
}

function errorMark({ code, firstMs, lines, isMeasured }: QuotaErrorSpan): MarkView {
  const often = lines === 1 ? '' : `, ${lines} times`;
  const missed = isMeasured ? '' : '; no measurement was over the quota then';
  return { timeMs: firstMs, kind: 'over-limit', says: `Heroku logged ${code}${often}${missed}`, attemptId: null };
}

function attemptMark({ id, outcome, by, sendingAtMs, claimedAtMs }: Attempt): MarkView | null {
  if (outcome === 'dry-run')
    return { timeMs: claimedAtMs, kind: 'dry-restart', says: 'dry run: would have been restarted', attemptId: id };
  if (outcome !== 'restarted' || sendingAtMs === null) return null;
  const says = by === 'person' ? 'restarted by a person' : 'restarted';
  return { timeMs: sendingAtMs, kind: 'restart', says, attemptId: id };
}
