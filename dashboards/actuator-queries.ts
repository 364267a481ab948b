/**
 * Queries of the dashboard Actuator. Every actuator says how the targets stand, a standby too: `max` and `min` take
 * one of them.
 */
import { gainedInRange, OF_DYNO, OF_TARGET } from './selectors.ts';

const TARGET = 'app, process_type';

export const LEADERS = 'sum(tidemark_actuator_leading)';
export const BOOTS_ACTIVE = 'max(tidemark_boot_active)';
export const LAG = 'max(tidemark_ingest_lag_seconds)';

const holding = (obstacle: string) =>
  `sum(max by (${TARGET}) (tidemark_target_obstacle{tidemark_obstacle="${obstacle}",${OF_TARGET}}))`;
export const DRY = holding('dry-run');
export const PAUSED = holding('paused');
export const BREAKERS_OPEN = holding('breaker-open');
/** One line for each obstacle while it holds. */
export const OBSTACLES = `max by (${TARGET}, tidemark_obstacle) (tidemark_target_obstacle{${OF_TARGET}}) == 1`;
export const BUDGET_LEFT = `min by (${TARGET}) (tidemark_target_restart_remaining{${OF_TARGET}})`;
export const USELESS = `max by (${TARGET}) (tidemark_target_restart_useless{${OF_TARGET}})`;

export const DECISIONS = gainedInRange('tidemark_decisions_total', {
  of: OF_DYNO,
  by: 'tidemark_class, tidemark_action, tidemark_reason',
});
export const OUTCOMES = gainedInRange('tidemark_restarts_total', { of: OF_DYNO, by: 'app, dyno, tidemark_outcome' });
function meanInRange(histogram: string, { of, by }: { readonly of: string; readonly by: string }): string {
  const total = (part: string) => `sum by (${by}) (last_over_time(${histogram}_${part}{${of}}[$__range]))`;
  return `${total('sum')} / ${total('count')}`;
}
export const DURATION = meanInRange('tidemark_restart_duration_seconds', { of: OF_DYNO, by: 'tidemark_outcome' });
export const RECLAIMED = meanInRange('tidemark_restart_reclaimed_bytes', { of: OF_TARGET, by: TARGET });
export const INGEST = 'sum by (tidemark_result) (rate(tidemark_ingest_data_points_total[$__rate_interval]))';
