import type { AttemptDetailView, AttemptRecord, CurveView } from '../../web/views.ts';
import type { BootRegistry } from '../boot-registry.ts';
import { between } from '../chronicle/boot-curve.ts';
import type { BootRecord, DynoLog } from '../chronicle/dyno-log.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { AttemptLog, AttemptView } from '../report/attempt-log.ts';
import type { Standings } from '../report/standings.ts';

export interface AttemptViewParts {
  readonly attempts: AttemptLog;
  readonly ledgers: Pick<LedgerAccess, 'open'>;
  readonly standings: Pick<Standings, 'history'>;
  readonly registry: BootRegistry;
  readonly log: DynoLog;
}

const ALL = 1000;
const SPAN_MS = 3_600_000;

/** The open ones first, then the newest closed ones. */
export async function attemptRecords(parts: AttemptViewParts, count: number): Promise<readonly AttemptRecord[]> {
  const { attempts, ledgers, standings } = parts;
  const views = attempts.newest(count, await ledgers.open(), standings.history());
  return views.map((view) => recordOf(parts, view));
}

/** Null where it is not known any more. */
export async function attemptDetail(parts: AttemptViewParts, id: string): Promise<AttemptDetailView | null> {
  const record = (await attemptRecords(parts, ALL)).find(({ attempt }) => attempt.id === id);
  if (record === undefined) return null;
  const { target, dyno, bootId, sendingAtMs, claimedAtMs } = record.attempt;
  const alive = parts.registry
    .entries()
    .filter(({ boot: { identity } }) => identity.app === target.app && identity.dyno === dyno)
    .flatMap((entry) => parts.log.of(entry) ?? []);
  const boots = [...alive, ...parts.log.past(target.app, dyno)].sort((a, b) => a.firstPointMs - b.firstPointMs);
  const at = boots.findIndex((boot) => boot.bootId === bootId);
  const successor = at < 0 ? undefined : boots[at + 1];
  const endMs = sendingAtMs ?? claimedAtMs;
  return {
    record,
    before: curveWithin(boots[at], endMs - SPAN_MS, endMs + SPAN_MS),
    after: sendingAtMs === null ? null : curveWithin(successor, endMs, (successor?.firstPointMs ?? endMs) + SPAN_MS),
  };
}

function recordOf({ registry }: AttemptViewParts, view: AttemptView): AttemptRecord {
  const { attempt } = view;
  const boot = attempt.phase === 'closed' ? null : registry.find(attempt.target.app, attempt);
  return { ...view, jobsNow: boot?.boot.activeJobs ?? null };
}

function curveWithin(record: BootRecord | undefined, fromMs: number, toMs: number): CurveView | null {
  return record === undefined ? null : between(record.curve(), fromMs, toMs);
}
