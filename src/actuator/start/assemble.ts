import type { Attempt } from '../../attempt/attempt.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { ActuatorEvent, Ledger } from '../../ports.ts';
import { Chronicle } from '../chronicle/chronicle.ts';
import { historyOfAll } from '../group/history-of-all.ts';
import type { Host } from '../host.ts';
import { LedgerAccess } from '../ledger-access.ts';
import { claimDecided, type Suspects } from '../loop/claims.ts';
import { Fleet } from '../loop/fleet.ts';
import { Leadership } from '../loop/leadership.ts';
import { Learner } from '../loop/learner.ts';
import { Reporter } from '../loop/reporter.ts';
import type { TickParts } from '../loop/tick.ts';
import { stepByStep } from '../loop/turns.ts';
import type { Mode } from '../mode.ts';
import type { Partitions } from '../partitions/partitions.ts';
import { PlatformView } from '../platform/platform-view.ts';
import { calmLog } from '../report/calm-log.ts';
import { EventHistory } from '../report/event-history.ts';
import { EventCounts } from '../report/metrics/event-counts.ts';
import { recordEvents } from '../report/metrics/event-metrics.ts';
import { readFleet } from '../report/metrics/fleet-metrics.ts';
import { observeState } from '../report/metrics/state-metrics.ts';
import { createPublisher } from '../report/publisher.ts';
import { Standings } from '../report/standings.ts';
import { SummarySender } from '../report/summary-sender.ts';
import { createRestarts } from '../restart/create-restarts.ts';
import { reportLoss } from '../restart/ledger-loss.ts';
import { RememberingLedger } from '../restart/remembering-ledger.ts';
import { FloorRecorder } from '../restart/restart-outcomes.ts';
import type { Connections } from './connections.ts';
import type { Measurements } from './measurements.ts';

export interface AssembleInput {
  readonly settings: ActuatorSettings;
  readonly connections: Connections;
  readonly measurements: Measurements;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: Partitions | null;
  readonly host: Host;
}

export interface Assembled {
  readonly tick: TickParts;
  readonly mode: Mode;
  readonly history: EventHistory;
  readonly standings: Standings;
  /** Null where no token is configured. */
  readonly platform: PlatformView | null;
  readonly chronicle: Chronicle;
  readonly summaries: SummarySender;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  /** Notified of every event; they must not reject. */
  readonly listeners: Set<(event: ActuatorEvent) => Promise<void>>;
}

/** Makes the loop's parts of the connections. */
export function assemble(input: AssembleInput): Assembled {
  const { settings, connections, measurements, partitions, host } = input;
  const { registry, jobs } = measurements;
  const { clock, log } = host;
  const calmHost = { clock, log: calmLog(log) };
  const { state } = connections;
  const { permissions } = settings;
  const history = new EventHistory();
  const listeners = new Set<(event: ActuatorEvent) => Promise<void>>();
  const meter = connections.metrics?.meter ?? null;
  const counts = new EventCounts({ clock, log });
  const metrics = meter === null ? null : recordEvents(meter, counts);
  const { notice } = connections;
  const publish = createPublisher({ history, log, metrics, state, notice, permissions, listeners });
  const isFirst = () => state?.leader.isLeader() ?? true;
  const leadership = leadershipOf(input, isFirst);
  const recorder = new FloorRecorder();
  const onLoss = { clock, leads: isFirst, log, recorder, publish };
  const ledger = state === null ? null : new RememberingLedger(state.ledger, (loss) => reportLoss(loss, onLoss));
  const ledgers = new LedgerAccess(ledger, () => state?.available() ?? false, calmHost.log);
  const platform = viewOf(connections, settings, host);
  const isOurs = (attempt: Attempt) =>
    (partitions?.isHeld(attempt.target) ?? true) || (isFirst() && isOrphan(attempt, clock.now()));
  // On Kafka the one that holds the target leads it, and moves no other's.
  const leads = () => partitions !== null || isFirst();
  const mode = modeOf(input, { ledger, platform, isOurs, leads, publish });
  const fleet = new Fleet({ registry, platform, rules: settings, host });
  const learner = new Learner({ fleet, ledgers, recorder, publish, host: calmHost });
  const reporter = new Reporter({ history, publish, mode, host });
  const { decisions } = history;
  const suspects: Suspects = (boot, count) => jobs.suspects(boot, count);
  const claim = (decided: Parameters<typeof claimDecided>[0]) =>
    claimDecided(decided, { mode, decisions, suspects, log: calmHost.log });
  const tick = { fleet, ledgers, learner, reporter, actor: { mode, leadership, claim } };
  const stateObstacle = async () => (await state?.obstacle()) ?? null;
  const standings = new Standings({ registry, ledgers, rules: settings, stateObstacle, log });
  if (meter !== null) {
    const calls = platform === null ? null : () => platform.calls();
    observeState({ meter, ingestCounts: () => measurements.intake.counts(), leads: isFirst, calls });
    const { maxPointAgeMs } = settings.policy;
    const seen = { clock, maxPointAgeMs, apps: () => registry.apps(), standings: () => standings.all() };
    connections.metrics?.readFrom(async () => [
      ...(await stepByStep(readFleet(seen))),
      ...(await stepByStep(counts.read())),
    ]);
  }
  const chronicle = new Chronicle(settings.policy.windowMs);
  const summaries = new SummarySender({
    store: state?.reports ?? null,
    notice: settings.weeklySummary ? connections.notice : null,
    history: () => historyOfAll(standings, state),
    overLimit: chronicle.overLimit,
    leads: isFirst,
    host,
  });
  return { tick, mode, history, standings, platform, chronicle, summaries, publish, listeners };
}

/** Of several actuators on Kafka each leads where it holds partitions; elsewhere one of them leads. */
function leadershipOf({ settings, partitions, host }: AssembleInput, isFirst: () => boolean): Leadership {
  const { windowMs } = settings.policy;
  return partitions === null
    ? new Leadership(host.clock, windowMs, isFirst)
    : new Leadership(
        host.clock,
        windowMs,
        () => true,
        (boot) => partitions.mayDecide(boot),
      );
}

/** After this long without a move nobody holds the attempt: its partition has no boot of the target any more. */
const ORPHAN_AFTER_MS = 2 * 60_000;

/** Its deadline is long over, so the attempt can only be closed. */
function isOrphan({ deadlineMs }: Attempt, nowMs: number): boolean {
  return nowMs > deadlineMs + ORPHAN_AFTER_MS;
}

interface MayAct {
  readonly ledger: Ledger | null;
  readonly platform: PlatformView | null;
  readonly isOurs: (attempt: Attempt) => boolean;
  readonly leads: () => boolean;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
}

function modeOf(
  { settings, measurements: { registry }, host }: AssembleInput,
  { ledger, platform: view, isOurs, leads, publish }: MayAct,
): Mode {
  if (ledger === null) return { kind: 'observe', lacks: 'ledger' };
  if (view === null) return { kind: 'observe', lacks: 'platform' };
  const platform = view.forRestarts();
  const restarts = createRestarts({ ledger, platform, view, registry, isOurs, leads, publish }, settings, host);
  return { kind: 'act', restarts, platform };
}

function viewOf({ platform }: Connections, settings: ActuatorSettings, { clock }: Host): PlatformView | null {
  const { policy, permissions, apiBudget } = settings;
  // A scaled-down window reads as often as it must.
  const freshMs = Math.min(30_000, Math.max(2_000, policy.windowMs / 2));
  return platform === null
    ? null
    : new PlatformView({ platform, clock, permissions, freshMs, callsPerHour: apiBudget });
}
