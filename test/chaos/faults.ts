import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../src/testbed/dyno-manager/api/faults.ts';
import type { ChaosWorld } from './world.ts';

/** Something that breaks during one restart. */
export interface ChaosFault {
  readonly name: string;
  /** Befalls the DELETE. */
  readonly platform?: Fault;
  /** Happens some time after the claim; resolves when all that was broken is whole again. */
  readonly breaks?: (world: ChaosWorld, dyno: string) => Promise<void>;
  /** It takes far longer than workers may stay stopped without an actuator: they must take jobs meanwhile. */
  readonly outlastsDrains?: boolean;
  /** Only where the actuators are processes of their own. */
  readonly needsService?: boolean;
}

/**
 * Longer than a lease (9 s), a request (10 s), the drain key (10 s) and the time from the write of `sending` to the
 * socket (5 s).
 */
const STOPPED_MS = 15_000;
/** Longer than every deadline of an attempt, the 90 s of its confirmation too. */
const STOPPED_LONG_MS = 100_000;
/** Far longer than the drain key lives and the grace lasts. */
const GONE_LONG_MS = 60_000;

const status = (code: number, restarts = false, headers: Readonly<Record<string, string>> = {}): ChaosFault => ({
  name: `${code}${Object.keys(headers).length > 0 ? ' with retry-after' : ''}${restarts ? ', restarts' : ''}`,
  platform: { kind: 'status', status: code, restarts, headers },
});

/** Both where the dyno is restarted all the same and where it is not. */
function bothWays(kind: 'reset-after-read' | 'cut-head' | 'cut-body' | 'silence'): readonly ChaosFault[] {
  return [true, false].map((restarts) => ({
    name: `${kind}${restarts ? ', restarts' : ''}`,
    platform: { kind, restarts },
  }));
}

/** Every fault that the runs take turns with. */
export const CHAOS_FAULTS: readonly ChaosFault[] = [
  { name: 'nothing breaks' },
  { name: 'reset-before-read', platform: { kind: 'reset-before-read' } },
  ...bothWays('reset-after-read'),
  ...bothWays('cut-head'),
  ...bothWays('cut-body'),
  ...bothWays('silence'),
  { name: 'accepted-without-effect', platform: { kind: 'accepted-without-effect' } },
  { name: 'late effect', platform: { kind: 'late-effect', delayMs: 4_000 } },
  { name: 'slow answer', platform: { kind: 'slow', delayMs: 3_000, restarts: true } },
  { name: 'answer after the deadline', platform: { kind: 'slow', delayMs: 12_000, restarts: true } },
  ...[401, 403, 404, 409, 422, 429].map((code) => status(code)),
  status(429, false, { 'retry-after': '2' }),
  status(500),
  status(500, true),
  status(503),
  { name: 'an actuator is killed', needsService: true, breaks: (world) => world.killActuators(1) },
  { name: 'both actuators are killed', needsService: true, breaks: (world) => world.killActuators(2) },
  { name: 'an actuator sleeps', needsService: true, breaks: (world) => world.stopActuators(1, STOPPED_MS) },
  { name: 'both actuators sleep', needsService: true, breaks: (world) => world.stopActuators(2, STOPPED_MS) },
  { name: 'an actuator sleeps long', needsService: true, breaks: (world) => world.stopActuators(1, STOPPED_LONG_MS) },
  {
    name: 'both actuators sleep long',
    needsService: true,
    breaks: (world) => world.stopActuators(2, STOPPED_LONG_MS),
    outlastsDrains: true,
  },
  {
    name: 'both actuators are gone long',
    needsService: true,
    breaks: (world) => world.killActuators(2, GONE_LONG_MS),
    outlastsDrains: true,
  },
  { name: 'the drain key is deleted', breaks: (world) => world.deleteDrainKeys() },
  { name: 'the worker sleeps', breaks: (world, dyno) => world.stopWorker(dyno, STOPPED_MS) },
  { name: 'the worker is killed', breaks: async (world, dyno) => world.signalWorker(dyno, 'SIGKILL') },
  { name: "the state's Redis is killed", breaks: (world) => world.killStateRedis() },
  { name: "the state's Redis is emptied", breaks: (world) => world.emptyStateRedis() },
  {
    name: "the state's Redis is slow",
    breaks: async (world) => {
      await world.pauseStateRedis(3_000);
      await delay(3_000);
    },
  },
  { name: "the state's Redis stands still", breaks: (world) => world.stopStateRedis(STOPPED_MS) },
  { name: "the connections to the state's Redis are cut", breaks: (world) => world.cutStateConnections(STOPPED_MS) },
];
