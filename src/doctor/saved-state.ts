import { createRedisState, type RedisState } from '../adapters/redis/state.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import { type Standing, standingOf, targetsToWatch } from '../decision/standing.ts';
import type { Boot } from '../detector/boot/boot.ts';
import { readSnapshot } from '../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../model/errors.ts';
import { holdMsOf } from '../model/policy.ts';

const REDIS_TIMEOUT_MS = 3_000;

/** What actuators keep in Redis. */
export interface SavedState {
  readonly boots: readonly Boot[];
  /** Null: no actuator has used this Redis yet; reading the ledger would start its hold. */
  readonly standings: readonly Standing[] | null;
  /** Whether an actuator leads now. */
  readonly isLed: boolean;
}

/** Null where Redis cannot be reached, which `checkRedis` reports. Reads only. */
export async function readSavedState(settings: ActuatorSettings): Promise<SavedState | null> {
  const { stateRedisUrl, policy } = settings;
  if (stateRedisUrl === null) return null;
  const { cooldownMs, maxRestartsPerHour } = policy;
  const state = createRedisState({
    url: stateRedisUrl,
    policy: { cooldownMs, maxRestartsPerHour, holdMs: holdMsOf(policy) },
  });
  try {
    if (!(await state.untilAvailable(REDIS_TIMEOUT_MS))) return null;
    const boots: Boot[] = [];
    await state.snapshots.load(null, (_, text) => {
      const snapshot = readSnapshot(text);
      if (snapshot !== null) boots.push(snapshot.boot);
    });
    return { boots, standings: await readStandings(state, settings, boots), isLed: await state.isLed() };
  } catch (error) {
    if (error instanceof LedgerUnavailable) return null;
    throw error;
  } finally {
    await state.close();
  }
}

async function readStandings(
  state: RedisState,
  { permissions, policy }: ActuatorSettings,
  boots: readonly Boot[],
): Promise<readonly Standing[] | null> {
  if (!(await state.hasLedger())) return null;
  const seen = boots.flatMap(({ identity: { app, processType } }) => (app === null ? [] : [{ app, processType }]));
  const { maxRestartsPerHour } = policy;
  const targets = targetsToWatch(permissions, seen);
  return Promise.all(
    targets.map(async (target) =>
      standingOf({ target, permissions, maxRestartsPerHour, ledger: await state.ledger.read(target) }),
    ),
  );
}
