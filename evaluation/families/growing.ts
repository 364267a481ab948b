import { type BootModel, DAY, type Family, HOUR, starting, steadyJobs } from '../family.ts';
import type { Random } from '../random.ts';

const noGarbage = () => 0;

function growing(floor: (uptime: number) => number, garbageAt: (uptime: number) => number = noGarbage): BootModel {
  return {
    floor,
    at: (uptime) => {
      const garbage = garbageAt(uptime);
      return { usage: floor(uptime) + garbage, garbage, ...steadyJobs(uptime) };
    },
  };
}

interface Stairs {
  readonly plateau: readonly [number, number];
  /** Minutes until the plateau is reached. */
  readonly over: readonly [number, number];
}

/** Steps that get smaller, up to a plateau that stays. */
function stairs({ plateau, over }: Stairs) {
  return (random: Random) => {
    const start = random.between(0.2, 0.45);
    const top = random.between(...plateau);
    const span = random.between(...over);
    const count = random.whole(3, 8);
    return (boot: Random): BootModel => {
      const times = Array.from({ length: count }, () => boot.unit()).sort((a, b) => a - b);
      const last = times.at(-1) ?? 1;
      const weights = Array.from({ length: count }, (_, index) => boot.between(0.5, 1.5) * 0.8 ** index);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const steps = times.map((at, index) => ({
        at: (at / last) * span,
        height: ((weights[index] ?? 0) / total) * (top - start),
      }));
      return growing((uptime) => {
        const risen = steps.reduce((sum, { at, height }) => sum + (uptime >= at ? height : 0), 0);
        return starting(uptime, start) + risen;
      });
    };
  };
}

interface Leak {
  /** Minutes from the start of the leak to the limit. */
  readonly toLimit: readonly [number, number];
  /** Minutes of a boot before it leaks. */
  readonly onset?: readonly [number, number];
  /** Where it stops, as a share of the quota. */
  readonly stopsAt?: readonly [number, number];
  /** On top of the floor. */
  readonly teeth?: { readonly period: readonly [number, number]; readonly height: readonly [number, number] };
}

function leak({ toLimit, onset = [0, 0], stopsAt, teeth }: Leak) {
  return (random: Random) => {
    const start = random.between(0.15, 0.4);
    const span = random.logBetween(...toLimit);
    const stop = stopsAt === undefined ? Number.POSITIVE_INFINITY : random.between(...stopsAt);
    const period = teeth === undefined ? 1 : random.logBetween(...teeth.period);
    const height = teeth === undefined ? 0 : random.between(...teeth.height);
    return (boot: Random): BootModel => {
      const from = boot.between(...onset);
      const risen = (uptime: number) => (Math.max(0, uptime - from) / span) * (1 - start);
      const model = growing(
        (uptime) => Math.min(Math.max(stop, start), starting(uptime, start) + risen(uptime)),
        (uptime) => ((uptime % period) / period) * height,
      );
      return { ...model, onset: from };
    };
  };
}

const NIGHT = 8 * HOUR;

/** It leaks with its jobs, of which there are none for eight hours of each day. */
function leakPerJob(random: Random) {
  const start = random.between(0.15, 0.4);
  const span = random.logBetween(2 * HOUR, 3 * DAY);
  const worked = (clock: number) => Math.floor(clock / DAY) * (DAY - NIGHT) + Math.max(0, (clock % DAY) - NIGHT);
  return (_boot: Random, begins: number): BootModel => {
    const floor = (uptime: number) =>
      starting(uptime, start) + ((worked(begins + uptime) - worked(begins)) / span) * (1 - start);
    return {
      floor,
      onset: 0,
      at: (uptime, clock) => {
        const night = clock % DAY < NIGHT;
        return { usage: floor(uptime), activeJobs: night ? 0 : 1, jobsPerMinute: night ? 0 : 20 };
      },
    };
  };
}

export const GROWING: readonly Family[] = [
  {
    id: 'B1',
    what: 'stairs to a plateau below the soft limit',
    duty: 'leave',
    classes: ['bloat'],
    days: 2,
    draw: stairs({ plateau: [0.5, 0.77], over: [HOUR, 12 * HOUR] }),
  },
  {
    id: 'B2',
    what: 'stairs to a plateau over the soft limit, in 4 h or more',
    duty: 'bloat',
    classes: ['bloat'],
    days: 3,
    draw: stairs({ plateau: [0.83, 0.99], over: [4 * HOUR, 12 * HOUR] }),
  },
  {
    id: 'B3',
    what: 'the same within half an hour, over and over',
    duty: 'loop',
    classes: ['bloat', 'healthy'],
    days: 2,
    draw: stairs({ plateau: [0.83, 0.99], over: [8, 30] }),
  },
  { id: 'L1', what: 'linear leak', duty: 'leak', classes: ['leak'], days: 3, draw: leak({ toLimit: [HOUR, 5 * DAY] }) },
  { id: 'L2', what: 'leak per job, with idle nights', duty: 'leak', classes: ['leak'], days: 3, draw: leakPerJob },
  {
    id: 'L3',
    what: 'leak inside a saw-tooth',
    duty: 'leak',
    classes: ['leak'],
    days: 3,
    draw: leak({ toLimit: [2 * HOUR, 2 * DAY], teeth: { period: [1, 60], height: [0.05, 0.3] } }),
  },
  {
    id: 'L4',
    what: 'leak that starts late',
    duty: 'leak',
    classes: ['leak'],
    days: 3,
    draw: leak({ toLimit: [HOUR, DAY], onset: [4 * HOUR, 18 * HOUR] }),
  },
  {
    id: 'L5',
    what: 'leak that stops below the soft limit',
    duty: 'leave',
    classes: ['bloat'],
    days: 2,
    draw: leak({ toLimit: [2 * HOUR, DAY], stopsAt: [0.45, 0.77] }),
  },
  {
    id: 'L6',
    what: 'leak into swap',
    duty: 'leak',
    classes: ['leak'],
    days: 3,
    clipsRss: true,
    draw: leak({ toLimit: [HOUR, 12 * HOUR] }),
  },
];
