import type { Obstacle, ObstacleCode } from '../decision/standing.ts';
import { holdMsOf, type Policy } from '../model/policy.ts';
import { targetKey } from '../model/target.ts';
import { formatDuration } from '../model/text/format.ts';
import { type Finding, findingsOn } from './finding.ts';
import type { SavedState } from './saved-state.ts';

const { ok, warning } = findingsOn('restarts');

/** `checkSettings` and `checkRedis` report these. */
const REPORTED_ELSEWHERE: ReadonlySet<ObstacleCode> = new Set(['dry-run', 'eviction-policy']);
/** The normal course of restarts. */
const PASSING: ReadonlySet<ObstacleCode> = new Set(['cooldown', 'attempt-open', 'ledger-hold']);

/** What keeps restarts from being made now, according to the ledger. Pure. */
export function checkLedger(saved: SavedState | null, policy: Policy): readonly Finding[] {
  if (saved === null) return [];
  const { standings, isLed } = saved;
  if (standings === null) {
    const hold = formatDuration(holdMsOf(policy));
    return [ok(`the ledger is new: restarts are held for ${hold} from the first start of an actuator`)];
  }
  const found = standings.flatMap(({ target, obstacles }) =>
    obstacles
      .filter(({ code }) => !REPORTED_ELSEWHERE.has(code))
      .map((obstacle) => findingOf(targetKey(target), obstacle)),
  );
  if (!isLed) {
    const advice = 'start one: `tidemark actuator`; or check that TIDEMARK_REDIS_URL (REDIS_URL) is the one it uses';
    return [warning('no actuator leads on this Redis now: nothing is watched', advice), ...found];
  }
  return found.length > 0 ? found : [ok('an actuator leads, and nothing is paused, held, or over its budget')];
}

function findingOf(key: string, { code, says, advice }: Obstacle): Finding {
  if (PASSING.has(code)) return ok(`${key}: ${says}`);
  return warning(`${key}: ${says}`, advice ?? 'it ends by itself');
}
