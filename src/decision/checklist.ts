import { TUNING } from '../detector/tuning.ts';
import { formatBytes, formatShare } from '../model/text/format.ts';
import type { DecideInput } from './decide-input.ts';
import { type Candidate, GATES } from './gates.ts';

/** One thing that must hold before a restart, for people who ask why there was none. */
export interface Check {
  readonly code: string;
  /** Null: unknown. */
  readonly ok: boolean | null;
  readonly says: string;
  /** When it holds by itself (Unix ms); null where it does not, or holds already. */
  readonly untilMs: number | null;
}

/**
 * "Why not now?": what the curve must show, then every gate, in the order in which the decision looks at them. The
 * decision stops at the first gate that is closed; a person wants to see them all.
 */
export function checklist(input: DecideInput, candidate: Candidate): readonly Check[] {
  const { decision } = candidate;
  const gates = GATES.map(({ reason, passed, needsLedger, closed }): Check => {
    if (needsLedger === true && candidate.ledger === null)
      return { code: reason, ok: null, says: 'unknown: the ledger (Redis) cannot be read', untilMs: null };
    const gate = closed(input, candidate);
    if (gate === null) return { code: reason, ok: true, says: passed, untilMs: null };
    return { code: reason, ok: false, says: gate.says, untilMs: gate.untilMs ?? null };
  });
  const dryRun: Check = decision.dryRun
    ? { code: 'dry-run', ok: false, says: 'dry run: Tidemark decides and reports, and restarts nothing', untilMs: null }
    : { code: 'dry-run', ok: true, says: 'dry run is off', untilMs: null };
  return [...curveChecks(candidate), idleCheck(candidate), ...gates, dryRun];
}

function curveChecks({ decision }: Candidate): readonly Check[] {
  const { floorBytes, softLimitBytes, reclaimableBytes, limitBytes, wanted, explanation } = decision;
  const worthBytes = limitBytes === null ? null : TUNING.worthFraction * limitBytes;
  return [
    {
      code: 'curve',
      ok: wanted !== null,
      says: wanted === null ? explanation : 'its memory curve asks for a restart',
      untilMs: null,
    },
    compared('over-soft-limit', floorBytes, softLimitBytes, (floor, limit) =>
      floor > limit
        ? `its floor of ${formatBytes(floor)} is over the soft limit of ${formatBytes(limit)}`
        : `its floor of ${formatBytes(floor)} is not over the soft limit of ${formatBytes(limit)}`,
    ),
    compared('gives-back', reclaimableBytes, worthBytes, (back, worth) =>
      back >= worth
        ? `a restart gives back about ${formatBytes(back)}`
        : `a restart gives back ${formatBytes(back)}, less than ${formatShare(worth, limitBytes ?? 1)} of the quota`,
    ),
  ];
}

/** A leak near its limit need not be over the soft limit, so these two inform; `curve` decides. */
function compared(
  code: string,
  value: number | null,
  limit: number | null,
  says: (value: number, limit: number) => string,
): Check {
  if (value === null || limit === null) return { code, ok: null, says: UNKNOWN[code] ?? 'unknown', untilMs: null };
  return { code, ok: value >= limit, says: says(value, limit), untilMs: null };
}

const UNKNOWN: Readonly<Record<string, string>> = {
  'over-soft-limit': 'its floor or its quota is not known yet',
  'gives-back': 'what a restart would give back is not known yet',
};

function idleCheck({ decision: { activeJobs } }: Candidate): Check {
  const code = 'idle';
  if (activeJobs === null) return { code, ok: null, says: 'how many jobs run is not known', untilMs: null };
  const says = activeJobs === 1 ? '1 job is running' : `${activeJobs} jobs are running`;
  return { code, ok: activeJobs === 0, says: activeJobs === 0 ? 'no job is running' : says, untilMs: null };
}
