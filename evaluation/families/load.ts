import { type BootModel, DAY, type Family, HOUR, starting } from '../family.ts';
import type { Random } from '../random.ts';
import { type Busyness, backlog, bursts, nightBatch, scaled, shifts, twoPeaks, workingDay } from './busyness.ts';

/**
 * Dynos whose memory follows the jobs that run. What running jobs hold is a property of the clock, not of the boot: a
 * fresh boot meets the same load, so a restart gives none of it back. Shares of the quota, minutes.
 */

interface Nature {
  /** What the dyno holds when nothing runs. */
  readonly level: number;
  /** Floor and running jobs together, at the peak. */
  readonly peak: number;
  readonly perJob: number;
  /** For how long the allocator keeps what a job has freed. */
  readonly givesBackMin: number;
  /** How unevenly jobs come. */
  readonly jitter: number;
}

function drawNature(random: Random, peak: readonly [number, number] = [0.8, 0.98]): Nature {
  return {
    level: random.between(0.15, 0.35),
    peak: random.between(...peak),
    perJob: random.logBetween(0.005, 0.1),
    givesBackMin: random.logBetween(10 / 60, 20),
    jitter: random.between(0.02, 0.15),
  };
}

const SLOTS_MIN = 0.5;

/** Even numbers that belong to a moment, so that each boot of a dyno meets the same jobs. -1 to 1. */
function ripple(random: Random, shortest = 3, longest = 40): (clock: number) => number {
  const waves = Array.from({ length: 4 }, () => ({
    period: random.logBetween(shortest, longest),
    phase: random.between(0, 2 * Math.PI),
  }));
  return (clock) =>
    waves.reduce((sum, { period, phase }) => sum + Math.sin((clock / period) * 2 * Math.PI + phase), 0) / waves.length;
}

/** Whole jobs at a moment of the episode. */
function jobsOf(nature: Nature, busyness: Busyness, random: Random): (clock: number) => number {
  const wave = ripple(random);
  const most = (nature.peak - nature.level) / nature.perJob;
  return (clock) => {
    const slot = Math.floor(clock / SLOTS_MIN) * SLOTS_MIN;
    const busy = busyness(slot);
    return busy <= 0 ? 0 : Math.max(1, Math.round(most * busy * (1 + nature.jitter * wave(slot))));
  };
}

/**
 * What a job holds on the average of those that run, as a share of `perJob`: jobs of one to three names, up to ten
 * times apart, whose mix changes in hours. The number of jobs alone does not tell what they hold.
 */
function mixOf(random: Random): (clock: number) => number {
  const kinds = Array.from({ length: random.whole(1, 3) }, () => ({
    size: random.logBetween(0.3, 3),
    share: random.between(0.2, 1),
    wave: ripple(random, HOUR, 8 * HOUR),
  }));
  const meanOf = (shares: readonly number[]) =>
    kinds.reduce((sum, { size }, index) => sum + size * (shares[index] ?? 0), 0) /
    shares.reduce((sum, share) => sum + share, 0);
  const usual = meanOf(kinds.map(({ share }) => share));
  return (clock) => meanOf(kinds.map(({ share, wave }) => share * (1 + 0.8 * wave(clock)))) / usual;
}

type Floor = (uptime: number) => number;

interface Work {
  jobs(clock: number): number;
  /** What they hold together. */
  holds(clock: number): number;
}

/** A boot under a load. What a job frees goes back with the allocator's delay. */
function loaded(nature: Nature, { jobs, holds }: Work, floor: Floor, begins: number): BootModel {
  let held = 0;
  let heldAt = begins;
  return {
    floor,
    load: holds,
    at: (uptime, clock) => {
      const running = jobs(clock);
      const wanted = holds(clock);
      held = wanted + Math.max(0, held - wanted) * Math.exp(-(clock - heldAt) / nature.givesBackMin);
      heldAt = clock;
      return { usage: floor(uptime) + held, activeJobs: running, jobsPerMinute: running / 2 };
    },
  };
}

interface Beneath {
  readonly floor: Floor;
  readonly onset?: number;
}

interface Shape {
  readonly peak?: readonly [number, number];
  busyness(random: Random): Busyness;
  /** What lies beneath the load; default a flat floor. */
  floor?(random: Random, nature: Nature): (boot: Random) => Beneath;
}

function family({ peak, busyness, floor }: Shape): Family['draw'] {
  return (random) => {
    const nature = drawNature(random, peak);
    const jobs = jobsOf(nature, busyness(random.fork()), random.fork());
    const mix = mixOf(random.fork());
    const work: Work = { jobs, holds: (clock) => jobs(clock) * nature.perJob * mix(clock) };
    const flat = (): Beneath => ({ floor: (uptime) => starting(uptime, nature.level) });
    const beneath = floor?.(random.fork(), nature) ?? flat;
    return (boot, begins) => {
      const own = beneath(boot);
      return { ...loaded(nature, work, own.floor, begins), ...(own.onset === undefined ? {} : { onset: own.onset }) };
    };
  };
}

/** One streaming job of hours that holds a good part of the quota, next to small ones or alone. */
function streaming(random: Random): ReturnType<Family['draw']> {
  const level = random.between(0.25, 0.4);
  const holds = random.between(Math.max(0.3, 0.82 - level), 0.6);
  const every = random.between(5 * HOUR, 12 * HOUR);
  const lasts = random.between(0.5 * HOUR, 4 * HOUR);
  const growsMin = random.between(0.5, 20);
  const small = random.unit() < 0.5 ? random.whole(1, 4) : 0;
  return (_boot, begins): BootModel => {
    const floor = (uptime: number) => starting(uptime, level);
    // A boot that begins in the middle of the job starts it again: BullMQ hands it over.
    const since = (clock: number) => Math.min(clock % every, clock - begins);
    const runs = (clock: number) => clock % every < lasts;
    const held = (clock: number) => (runs(clock) ? holds * Math.min(1, since(clock) / growsMin) : 0);
    return {
      floor,
      load: (clock) => (runs(clock) ? holds : 0),
      at: (uptime, clock) => ({
        usage: floor(uptime) + held(clock) + 0.005 * small,
        activeJobs: small + (runs(clock) ? 1 : 0),
        jobsPerMinute: small * 4,
      }),
    };
  };
}

/** No jobs in it: the working set itself swings with the day, also that of a fresh boot. */
function swings(random: Random): ReturnType<Family['draw']> {
  const high = random.between(0.82, 0.97);
  const height = random.between(0.2, 0.5);
  const phase = random.between(0, DAY);
  return (_boot, begins): BootModel => {
    const level = (clock: number) => high - height * 0.5 * (1 + Math.sin(((clock + phase) / DAY) * 2 * Math.PI));
    const floor = (uptime: number) => starting(uptime, level(begins + uptime), 3);
    return { floor, at: (uptime) => ({ usage: floor(uptime), activeJobs: 0, jobsPerMinute: 0 }) };
  };
}

/**
 * A cache that is filled within an hour or two, stays for hours, is emptied, and fills again. A fresh boot fills it as
 * fast.
 */
function cache(random: Random): ReturnType<Family['draw']> {
  const level = random.between(0.2, 0.4);
  const top = random.between(0.82, 0.95);
  const fills = random.between(20, 2 * HOUR);
  const stays = random.between(2 * HOUR, 7 * HOUR);
  const rests = random.between(10, HOUR);
  return (_boot, begins): BootModel => {
    const period = fills + stays + rests;
    const filled = (clock: number) => Math.min(1, (clock % period) / fills) * (clock % period < fills + stays ? 1 : 0);
    const floor = (uptime: number) =>
      starting(uptime, level) + (top - level) * Math.min(filled(begins + uptime), uptime / fills);
    return {
      floor,
      at: (uptime) => ({
        usage: floor(uptime),
        activeJobs: Math.floor(uptime * 7) % 3 === 0 ? 0 : 1,
        jobsPerMinute: 20,
      }),
    };
  };
}

/** A new tenant: from some hour of the episode on every boot needs more. */
function workingSet(random: Random): ReturnType<Family['draw']> {
  const before = random.between(0.3, 0.55);
  const after = random.between(0.83, 0.97);
  const from = random.between(6 * HOUR, 30 * HOUR);
  const ramp = random.logBetween(2, 4 * HOUR);
  return (_boot, begins): BootModel => {
    const need = (clock: number) => before + (after - before) * Math.min(1, Math.max(0, (clock - from) / ramp));
    const floor = (uptime: number) => starting(uptime, need(begins + uptime));
    return {
      floor,
      at: (uptime) => ({
        usage: floor(uptime),
        activeJobs: Math.floor(uptime * 7) % 3 === 0 ? 0 : 1,
        jobsPerMinute: 20,
      }),
    };
  };
}

/** Stairs that end over the soft limit without any load. */
function bloatBeneath(random: Random, nature: Nature): (boot: Random) => Beneath {
  const top = random.between(0.83, 0.95);
  const span = random.between(4 * HOUR, 12 * HOUR);
  const count = random.whole(3, 8);
  return (boot) => {
    const times = Array.from({ length: count }, () => boot.unit()).sort((a, b) => a - b);
    const last = times.at(-1) ?? 1;
    const steps = times.map((at) => (at / last) * span);
    const weights = steps.map((_, index) => 0.8 ** index);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      floor: (uptime) =>
        starting(uptime, nature.level) +
        steps.reduce(
          (sum, at, index) => sum + (uptime >= at ? ((weights[index] ?? 0) / all) * (top - nature.level) : 0),
          0,
        ),
    };
  };
}

function leakBeneath(random: Random, nature: Nature): (boot: Random) => Beneath {
  const span = random.logBetween(2 * HOUR, 2 * DAY);
  return () => ({
    onset: 0,
    floor: (uptime) => starting(uptime, nature.level) + (uptime / span) * (1 - nature.level),
  });
}

function bothBeneath(random: Random, nature: Nature): (boot: Random) => Beneath {
  const bloat = bloatBeneath(random.fork(), { ...nature });
  const leak = leakBeneath(random.fork(), nature);
  return (boot) => {
    const [stairs, line] = [bloat(boot).floor, leak(boot).floor];
    return { onset: 0, floor: (uptime) => stairs(uptime) + 0.5 * (line(uptime) - starting(uptime, nature.level)) };
  };
}

const HEALTHY_CLASSES = ['healthy', 'spike', 'sawtooth'];
/** On top of a floor that is high by itself: the load of a dyno that would do well after a restart. */
const BENEATH: readonly [number, number] = [0.55, 0.8];

const healthyLoad = (id: string, what: string, draw: Family['draw']): Family => ({
  id,
  what,
  duty: 'leave',
  classes: HEALTHY_CLASSES,
  days: 3,
  draw,
});

const growingUnderLoad = (id: string, what: string, classes: readonly string[], draw: Family['draw']): Family => ({
  id,
  what,
  duty: 'growth-under-load',
  classes,
  days: 3,
  draw,
});

export const LOAD: readonly Family[] = [
  healthyLoad('W1', 'a working day of 4 to 10 h at 80 to 98 %', family({ busyness: workingDay })),
  healthyLoad('W2', 'shifts with sharp edges', family({ busyness: shifts })),
  healthyLoad('W3', 'a streaming job of 0.5 to 4 h', streaming),
  healthyLoad('W4', 'bursts of 0.5 to 2 h, some a day', family({ busyness: bursts })),
  healthyLoad('W5', 'two peaks a day', family({ busyness: twoPeaks })),
  healthyLoad('W6', 'night batches', family({ busyness: nightBatch })),
  healthyLoad('W7', 'load that moves as dynos are added', family({ busyness: scaled })),
  healthyLoad('W8', 'a backlog from the first minute', family({ busyness: backlog })),
  healthyLoad('W9', 'over the limit by load alone', family({ busyness: workingDay, peak: [1, 1.15] })),
  healthyLoad('W10', 'swings of the day without any job', swings),
  healthyLoad('W11', 'a cache that empties after hours', cache),
  {
    id: 'W12',
    what: 'a working set that grows for good',
    duty: 'loop',
    classes: ['healthy', 'bloat'],
    days: 3,
    draw: workingSet,
  },
  growingUnderLoad(
    'BW1',
    'bloat beneath a working day',
    ['bloat'],
    family({ busyness: workingDay, peak: BENEATH, floor: bloatBeneath }),
  ),
  growingUnderLoad(
    'BW2',
    'bloat beneath shifts',
    ['bloat'],
    family({ busyness: shifts, peak: BENEATH, floor: bloatBeneath }),
  ),
  growingUnderLoad(
    'LW1',
    'leak beneath a working day',
    ['leak'],
    family({ busyness: workingDay, peak: BENEATH, floor: leakBeneath }),
  ),
  growingUnderLoad(
    'LW2',
    'leak beneath bursts',
    ['leak'],
    family({ busyness: bursts, peak: BENEATH, floor: leakBeneath }),
  ),
  growingUnderLoad(
    'MW1',
    'bloat and leak beneath two peaks',
    ['bloat', 'leak'],
    family({ busyness: twoPeaks, peak: BENEATH, floor: bothBeneath }),
  ),
];
