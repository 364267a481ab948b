/** What the loop needs of the world. One folder of `adapters/` meets each port; tests meet them with models. */
export type { ActuatorRecord, Actuators, SeenActuator } from './ports/actuators.ts';
export type { Clock } from './ports/clock.ts';
export type { Drain, DrainAnswers, DrainKeys } from './ports/drain.ts';
export type { ActuatorEvent, Journal, Notice, NoticeEvent, WeeklySummary } from './ports/events.ts';
export type { Leader } from './ports/leader.ts';
export type { AdvanceAnswer, ClaimAnswer, ClaimRequest, Ledger } from './ports/ledger.ts';
export type { HistoryEntry, KnownRecord, LedgerView } from './ports/ledger-view.ts';
export type { MemoryReports } from './ports/memory-reports.ts';
export type {
  AppsPage,
  DynoNews,
  DynoQuota,
  Platform,
  PlatformDyno,
  RestartAnswer,
  WatchedPlatform,
} from './ports/platform.ts';
export type { ReportStore } from './ports/report-store.ts';
export type { SavedBoot, Snapshots, TakeSnapshot } from './ports/snapshots.ts';
