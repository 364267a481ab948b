import type { ActuatorAddress } from '../../web/client.ts';
import { ROUTES } from '../../web/schema/routes.ts';
import { allDynos } from '../remote/all-dynos.ts';
import { ask } from '../remote/client.ts';
import type { Answers } from './model.ts';

const ATTEMPTS = 50;
/** Of a core: of many dynos, asking takes so long that it is done less often. */
const MAX_CPU_FRACTION = 0.04;

/** One round of questions. Throws as `ask` does. */
export async function askAll(address: ActuatorAddress): Promise<Answers> {
  const [status, dynos, { targets }, { attempts }] = await Promise.all([
    ask(address, ROUTES.status),
    allDynos(address),
    ask(address, ROUTES.jobs),
    ask(address, ROUTES.attempts, { query: { limit: ATTEMPTS } }),
  ]);
  return { status, dynos, targets, attempts };
}

/**
 * How long to wait before the next round.
 *
 * @param cpuMs what the last round took of a core
 */
export function pauseMs(intervalMs: number, cpuMs: number): number {
  return Math.max(intervalMs, cpuMs / MAX_CPU_FRACTION);
}
