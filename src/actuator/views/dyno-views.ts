import { type Boot, heldByJobs } from '../../detector/boot/boot.ts';
import { isSilentAt } from '../../detector/boot/silence.ts';
import type { JobShare } from '../../model/job-point.ts';
import { type Target, targetKey } from '../../model/target.ts';
import { compareDynos, type DynoPlace, type DynosPage } from '../../web/show/dyno-order.ts';
import type { DynoDetailView, DynoView, NumberView } from '../../web/views.ts';
import { newestDecidedIn } from '../app-boots.ts';
import type { BootEntry } from '../boot-entry.ts';
import { between, curveOf } from '../chronicle/boot-curve.ts';
import type { QuotaErrorSpan } from '../chronicle/quota-errors.ts';
import type { Fleet } from '../loop/fleet.ts';
import type { Leadership } from '../loop/leadership.ts';
import type { Standings } from '../report/standings.ts';
import { boots, type HistoryParts, marks, pastBoots, recentHistory } from './dyno-history.ts';

export interface DynoViewParts extends HistoryParts {
  readonly fleet: Fleet;
  readonly standings: Pick<Standings, 'views'>;
  readonly leadership: Pick<Leadership, 'mayAct' | 'mayActOn'>;
  /** The job names that made a boot grow, the worst first. */
  readonly suspects: (boot: Boot, count: number) => readonly JobShare[];
}

const SUSPECTS = 10;

/** Views made without a pause: a few ms of work. */
const DYNOS_OF_PART = 250;

/**
 * One boot of each dyno, the one that `dynoDetail` shows too, by app and name; the others are history. Each part is
 * made when it is asked for.
 */
export function* dynosInParts(parts: DynoViewParts): Generator<readonly DynoView[]> {
  let part: DynoView[] = [];
  for (const ofApp of parts.registry.apps()) {
    for (const dyno of ofApp.dynos()) {
      const view = newestViewOf(parts, ofApp.of(dyno));
      if (view !== null) part.push(view);
      if (part.length < DYNOS_OF_PART) continue;
      yield part;
      part = [];
    }
  }
  yield part;
}

/**
 * Some of the same. Only they are made: of a large fleet, all would hold the event loop for a second.
 *
 * @param isLeftOut whether the dynos of a target are neither shown nor counted; null: none are left out
 */
export function dynosAfter(
  parts: DynoViewParts,
  place: DynoPlace | null,
  count: number,
  isLeftOut: ((target: Target) => boolean) | null = null,
): DynosPage {
  const found: DynoView[] = [];
  let total = 0;
  for (const ofApp of parts.registry.apps()) {
    const { app } = ofApp;
    const isShown = (processType: string) => isLeftOut === null || app === null || !isLeftOut({ app, processType });
    total += ofApp.decidedDynos(isShown);
    const isBefore = place !== null && compareDynos([app, ''], [place[0], '']) < 0;
    for (const dyno of isBefore ? [] : ofApp.dynos()) {
      // One more shows whether that is all.
      if (found.length > count) break;
      if (place !== null && compareDynos([app, dyno], place) <= 0) continue;
      const view = newestViewOf(parts, ofApp.of(dyno));
      if (view !== null && isShown(view.decision.processType)) found.push(view);
    }
  }
  return { shown: found.slice(0, count), total, isEnd: found.length <= count };
}

function newestViewOf(parts: DynoViewParts, ofDyno: readonly BootEntry[]): DynoView | null {
  const entry = newestDecidedIn(ofDyno);
  return entry === null ? null : viewOf(parts, entry);
}

/** Null where no measurements of it have arrived. */
export function dynoDetail(parts: DynoViewParts, app: string, dyno: string): DynoDetailView | null {
  const entry = parts.registry.newestDecidedOf(app, dyno);
  const view = entry === null ? null : viewOf(parts, entry);
  if (entry === null || view === null) return null;
  const curve = curveOf(entry);
  return {
    view,
    curve: between(curve, 0),
    marks: marks(parts, entry, boots(parts, entry)).filter(({ timeMs }) => timeMs >= (curve.timesMs[0] ?? 0)),
    checks: parts.fleet.checksOf(entry, parts.standings.views(), parts.leadership.mayActOn(entry.boot.identity)),
    suspects: parts.suspects(entry.boot, SUSPECTS),
    pastBoots: pastBoots(parts, entry),
    numbers: [...numbersOf(entry), ...errorNumbers(parts, entry)],
    graceMs: parts.fleet.policy.graceMs,
  };
}

function viewOf(parts: DynoViewParts, entry: BootEntry): DynoView | null {
  const { boot, decision, facts } = entry;
  if (decision === null) return null;
  const { windowMs } = parts.fleet.policy;
  return {
    decision,
    release: boot.identity.release,
    classSinceMs: parts.log.of(entry)?.classSinceMs ?? null,
    swapBytes: swapOf(boot),
    jobsHoldBytes: boot.activeJobs === null ? null : heldByJobs(boot, windowMs),
    oldestJobStartMs: boot.oldestJobStartMs,
    completedJobs: boot.completedJobs,
    startedAtMs: facts?.createdAtMs ?? boot.identity.startTimeMs,
    firstPointMs: boot.firstPointMs,
    lastPointMs: boot.lastPointMs,
    isStale: isSilentAt(boot, parts.nowMs(), windowMs),
    heldBy: null,
    attemptId: openAttemptOf(parts, decision.target, boot.identity.dyno),
    history: (moments) => recentHistory(parts, entry, moments),
  };
}

function openAttemptOf({ standings }: DynoViewParts, target: Target | null, dyno: string): string | null {
  const open = target === null ? null : (standings.views().get(targetKey(target))?.open ?? null);
  return open?.dyno === dyno ? open.id : null;
}

/** As the process says that reports for the whole dyno; null where none does. */
function swapOf({ processes }: Boot): number | null {
  const [newest] = processes.filter(({ residentBytes }) => residentBytes !== null).sort((a, b) => b.timeMs - a.timeMs);
  return newest?.swapBytes ?? null;
}

/** None for a dyno of which Heroku logged no such error. */
function errorNumbers({ quotaErrors }: DynoViewParts, { boot: { identity } }: BootEntry): readonly NumberView[] {
  const spans = quotaErrors.of(identity.app, identity.dyno);
  if (spans.length === 0) return [];
  const count = (code: string, name: string, value: number): NumberView => ({ code, name, value, unit: 'count' });
  return [
    count('quota-errors', 'times that Heroku logged R14 or R15', spans.length),
    count('quota-errors-missed', 'of them without a measurement over the quota', spans.filter(isMissed).length),
  ];
}

function isMissed({ isMeasured }: QuotaErrorSpan): boolean {
  return !isMeasured;
}

function numbersOf({ boot, decision, facts, learnedFloorBytes, uselessRestarts }: BootEntry): readonly NumberView[] {
  const features = boot.classified?.features ?? null;
  const inBytes = (code: string, name: string, value: number | null): NumberView => ({
    code,
    name,
    value: value === null || !Number.isFinite(value) ? null : Math.round(value),
    unit: 'bytes',
  });
  return [
    inBytes('usage', 'memory of all processes', decision?.usageBytes ?? null),
    inBytes('floor', 'floor: what stays in use between jobs', decision?.floorBytes ?? null),
    inBytes('sustained', 'what the floor has stayed over for three windows', features?.sustainedBytes ?? null),
    inBytes('base', 'floor after the warm-up', features?.baseBytes ?? null),
    inBytes('learned', 'floor after the warm-up of earlier boots', learnedFloorBytes),
    inBytes('reclaimable', 'what a restart gives back', decision?.reclaimableBytes ?? null),
    inBytes('per-job', 'what one running job holds', boot.perJob.bytes),
    inBytes('noise', 'noise of the floor (standard deviation)', features?.noiseBytes ?? null),
    inBytes('soft-limit', 'soft limit', decision?.softLimitBytes ?? null),
    inBytes('hard-limit', 'hard limit', decision?.hardLimitBytes ?? null),
    inBytes('limit', 'quota', decision?.limitBytes ?? null),
    inBytes('kill', 'where the platform kills (R15)', facts?.killBytes ?? null),
    {
      code: 'time-to-limit',
      name: 'until the floor reaches the limit',
      value: decision?.timeToLimitMs ?? null,
      unit: 'ms',
    },
    { code: 'steps', name: 'lasting rises of the floor', value: features?.steps ?? null, unit: 'count' },
    { code: 'useless', name: 'useless restarts in a row', value: uselessRestarts, unit: 'count' },
  ];
}
