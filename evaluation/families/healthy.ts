import { type BootModel, DAY, type Family, HOUR, starting, steadyJobs } from '../family.ts';
import type { Random } from '../random.ts';

function flat(floor: (uptime: number) => number): BootModel {
  return { floor, at: (uptime) => ({ usage: floor(uptime), ...steadyJobs(uptime) }) };
}

function flatAt(low: number, high: number) {
  return (random: Random) => {
    const level = random.between(low, high);
    return () => flat((uptime) => starting(uptime, level));
  };
}

/** Spikes of memory that jobs give back. */
function spikes(random: Random) {
  const level = random.between(0.2, 0.6);
  const every = random.between(5, 60);
  const lasts = random.between(0.5, Math.min(5, every / 2));
  const top = random.between(0.5, 1.2);
  return (): BootModel => {
    const floor = (uptime: number) => starting(uptime, level);
    const runs = (uptime: number) => uptime > 2 && uptime % every < lasts;
    return {
      floor,
      at: (uptime) => ({
        usage: runs(uptime) ? Math.max(top, floor(uptime)) : floor(uptime),
        activeJobs: runs(uptime) ? 1 : 0,
        jobsPerMinute: 1 / every,
      }),
    };
  };
}

function sawTooth(random: Random) {
  const level = random.between(0.2, 0.55);
  const period = random.logBetween(1, 60);
  const height = random.between(0.05, 0.4);
  return (): BootModel => {
    const floor = (uptime: number) => starting(uptime, level);
    return {
      floor,
      at: (uptime) => {
        const garbage = ((uptime % period) / period) * height;
        return { usage: floor(uptime) + garbage, garbage, ...steadyJobs(uptime) };
      },
    };
  };
}

function warmUp(random: Random) {
  const level = random.between(0.3, 0.78);
  const tau = random.logBetween(2, 30);
  return () => flat((uptime) => starting(uptime, level, tau));
}

/** The floor itself follows the load of the day. */
function dailyLoad(random: Random) {
  const level = random.between(0.25, 0.4);
  const height = random.between(0.05, 0.17);
  const phase = random.between(0, DAY);
  return (_boot: Random, clock: number): BootModel => {
    const load = (uptime: number) => (1 + Math.sin(((clock + uptime + phase) / DAY) * 2 * Math.PI)) * height;
    return flat((uptime) => starting(uptime, level + load(uptime)));
  };
}

/** More jobs at a time for some hours, and back. */
function concurrency(random: Random) {
  const level = random.between(0.25, 0.45);
  const more = random.between(0.1, 0.25);
  return (boot: Random): BootModel => {
    const from = boot.between(2 * HOUR, 8 * HOUR);
    const to = from + boot.between(HOUR, 8 * HOUR);
    return flat((uptime) => starting(uptime, level + (uptime > from && uptime < to ? more : 0)));
  };
}

function hugeJob(random: Random) {
  const level = random.between(0.2, 0.6);
  const top = random.between(1.05, 1.6);
  return (boot: Random): BootModel => {
    const from = boot.between(HOUR, 12 * HOUR);
    const lasts = boot.between(5, 30);
    const runs = (uptime: number) => uptime > from && uptime < from + lasts;
    const floor = (uptime: number) => starting(uptime, level);
    return {
      floor,
      at: (uptime) => ({
        usage: runs(uptime) ? top : floor(uptime),
        activeJobs: runs(uptime) ? 1 : 0,
        jobsPerMinute: 0.1,
      }),
    };
  };
}

export const HEALTHY: readonly Family[] = [
  { id: 'H1', what: 'flat', duty: 'leave', classes: ['healthy'], days: 2, draw: flatAt(0.2, 0.7) },
  {
    id: 'H2',
    what: 'flat, with spikes of jobs',
    duty: 'leave',
    classes: ['healthy', 'spike', 'sawtooth'],
    days: 2,
    draw: spikes,
  },
  {
    id: 'H3',
    what: 'saw-tooth of garbage collection',
    duty: 'leave',
    classes: ['healthy', 'sawtooth'],
    days: 2,
    draw: sawTooth,
  },
  { id: 'H4', what: 'warm-up, then flat', duty: 'leave', classes: ['healthy'], days: 2, draw: warmUp },
  { id: 'H5', what: 'load of the day', duty: 'leave', classes: ['healthy'], days: 4, draw: dailyLoad },
  {
    id: 'H6',
    what: 'concurrency changes and comes back',
    duty: 'leave',
    classes: ['healthy'],
    days: 2,
    draw: concurrency,
  },
  { id: 'H7', what: 'high and flat', duty: 'leave', classes: ['healthy'], days: 2, draw: flatAt(0.85, 0.97) },
  {
    id: 'H8',
    what: 'deployments, gaps, late samples',
    duty: 'leave',
    classes: ['healthy'],
    days: 2,
    rough: true,
    draw: flatAt(0.2, 0.7),
  },
  { id: 'S1', what: 'one huge job, given back', duty: 'leave', classes: ['healthy', 'spike'], days: 2, draw: hugeJob },
];
