import type { LeaderSeat } from '../../adapters/redis/leader.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Target } from '../../model/target.ts';

/** Of an actuator inside a worker. */
export interface EmbeddedScope {
  /** Nothing else is followed. */
  readonly target: Target;
  readonly seat: LeaderSeat;
}

/** @param only the one target that is followed; null where all are */
export function isFollowed({ app, processType }: Pick<BootIdentity, 'app' | 'processType'>, only: Target | null) {
  return only === null || (app === only.app && processType === only.processType);
}
