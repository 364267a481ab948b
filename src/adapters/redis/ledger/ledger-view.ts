import { uselessInARow } from '../../../attempt/breaker.ts';
import { normalBytesPerJob, normalFloor } from '../../../decision/learned.ts';
import type { Target } from '../../../model/target.ts';
import { personOf } from '../../../model/text/person.ts';
import type { LedgerView } from '../../../ports.ts';
import { orEmpty, type ReportUseless } from './ledger-faults.ts';
import { parseAttempt, parseFloors, parseHistory, parseRead } from './ledger-record.ts';

/**
 * What the script `READ` answered, as the port shows it. Throws `LedgerUnavailable` where a part that restarts rest on
 * cannot be read.
 */
export function viewOf(target: Target, answer: unknown, report: ReportUseless): Omit<LedgerView, 'mayBeEvicted'> {
  const {
    open,
    history: closed,
    dryHistory,
    floors,
    spent,
    breakerReason,
    pausedSinceMs,
    pauser,
    usefulFromMs,
    pausedAll,
    pausedTarget,
    hasWordOfAll,
    hasWordOfTarget,
    ...numbers
  } = parseRead(answer);
  const history = parseHistory(closed);
  const learned = orEmpty('floors', FLOORS_WITHOUT, () => parseFloors(floors), report);
  return {
    ...numbers,
    target,
    open: open === false ? null : parseAttempt(open),
    history,
    dryHistory: orEmpty('dryHistory', 'Earlier dry runs are not shown.', () => parseHistory(dryHistory), report),
    breakerReason: breakerReason === false ? null : breakerReason,
    pausedSinceMs: pausedSinceMs === false ? null : pausedSinceMs,
    pauser: pauser === false ? null : personOf(pauser),
    spentBootIds: spent,
    paused: pausedAll || pausedTarget,
    pausedBy: { all: pausedAll, target: pausedTarget },
    hasWordOfPause: { all: hasWordOfAll, target: hasWordOfTarget },
    uselessRestarts: uselessInARow(
      history.filter(({ outcome, closedAtMs }) => outcome === 'restarted' && closedAtMs > usefulFromMs),
    ),
    learnedFloorBytes: normalFloor(learned, numbers.nowMs),
    learnedBytesPerJob: normalBytesPerJob(learned, numbers.nowMs),
  };
}

const FLOORS_WITHOUT =
  'Tidemark learns again what a fresh boot of this target holds; until then only the hard limit restarts a dyno.';
