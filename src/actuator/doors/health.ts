import { overall } from '../../decision/standing.ts';
import { STATE_OBSTACLES } from '../../model/state-obstacle.ts';
import type { Health } from '../../web/control.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { Leadership } from '../loop/leadership.ts';
import type { PlatformView } from '../platform/platform-view.ts';
import type { Standings } from '../report/standings.ts';
import type { FollowedPartitions } from '../start/follow-partitions.ts';

export interface HealthParts {
  readonly ledgers: LedgerAccess;
  /** Null where no token is configured. */
  readonly platform: Pick<PlatformView, 'blocked'> | null;
  readonly leadership: Leadership;
  readonly standings: Pick<Standings, 'all' | 'areOff' | 'isLedgerUnusable' | 'stateObstacle'>;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: Pick<FollowedPartitions, 'isInGroup'> | null;
  /** Whether the state was read back. */
  readonly isRestored: () => boolean;
}

/**
 * Whether measurements are taken, and whether anything can be restarted now. Open to everyone, so it repeats nothing
 * that the platform said.
 */
export function healthOf(parts: HealthParts): Health {
  const leading = parts.leadership.leads();
  const restarts = overall(parts.standings.all(), obstacleToAll(parts));
  const takesPoints = parts.isRestored() && leading && isInGroup(parts);
  return { ready: takesPoints, leading, ledger: ledgerOf(parts), restarts };
}

/** A Redis that is connected, and neither read nor written, is not available as a ledger. */
function ledgerOf({ ledgers, standings }: HealthParts): Health['ledger'] {
  const state = ledgers.state();
  return state === 'available' && standings.isLedgerUnusable() ? 'unavailable' : state;
}

function isInGroup({ partitions }: Pick<HealthParts, 'partitions'>): boolean {
  return partitions?.isInGroup() ?? true;
}

/** What keeps every target from being restarted; null where nothing does. */
function obstacleToAll(parts: HealthParts): string | null {
  const { ledgers, platform, leadership, standings } = parts;
  const ledger = ledgers.state();
  if (ledger === 'not-configured') return 'no Redis is configured';
  const obstacle = standings.stateObstacle();
  if (obstacle !== null) return STATE_OBSTACLES[obstacle.code].says;
  if (ledger === 'unavailable') return 'Redis is away';
  if (platform === null) return 'no HEROKU_API_TOKEN';
  if (!leadership.leads()) return 'standby, another actuator leads';
  const block = platform.blocked();
  if (block?.status === 401) return 'Heroku refuses the token';
  if (block?.status === 429) return "the account's Heroku API calls are used up";
  if (!isInGroup(parts)) return "not in Kafka's consumer group (the log says why)";
  return leadership.mayAct() || standings.areOff() ? null : 'just started, watching for one window first';
}
