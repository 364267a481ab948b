import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DAY } from './family.ts';
import type { Candidate, Restarter, Sample } from './restarter.ts';
import { middle } from './restarters/minutes.ts';
import { simulate } from './simulate.ts';
import { familyOf, seedOf } from './splits.ts';

/** What a rule costs. Both figures depend on the machine and the Node version, so compare only rules of one run. */
export interface Cost {
  /** CPU time per sample, averaged over a boot's first day, including periodic work. */
  readonly nsPerSample: number;
  /** Memory that a rule uses for a dyno whose boot is a day old, including its last answer. */
  readonly bytesPerBoot: number;
}

/**
 * Families without a restart, so that all rules see the same samples to the end: flat, sawtooth, a day's load, stairs,
 * a leak that stops.
 */
const FAMILIES = ['H1', 'H3', 'H5', 'B1', 'L5'];
const TIME_REPETITIONS = 5;
const MEMORY_REPETITIONS = 3;
/**
 * The number of curves that share an array of floats (`detector/curve.ts`), so that no fraction of an array is counted
 * twice.
 */
const INSTANCES = 128;
const THINNED_MS = 60_000;

/** The samples that all rules are measured on: the first day of a dyno of each family, without any restart. */
export function costSeries(): readonly (readonly Sample[])[] {
  return FAMILIES.map((id) => {
    const samples: Sample[] = [];
    const observe = (sample: Sample) => {
      samples.push(sample);
      return false;
    };
    simulate({ ...familyOf(id), days: 1 }, { name: 'keep', start: () => ({ observe }) }, seedOf('dev', id, 0));
    const startMs = samples[0]?.timeMs ?? 0;
    return samples.filter(({ timeMs }) => timeMs - startMs < DAY * 60_000);
  });
}

export function costOf(candidate: Candidate, series: readonly (readonly Sample[])[]): Cost {
  const thinned = series.map((samples) => thin(samples));
  const bytes = Array.from({ length: MEMORY_REPETITIONS }, () => bytesPerBoot(candidate, thinned));
  return { nsPerSample: nsPerSample(candidate, series), bytesPerBoot: middle(bytes) };
}

/**
 * The median of several runs; the first one compiles the code and does not count. CPU time, so other work on the
 * machine matters little.
 */
function nsPerSample(candidate: Candidate, series: readonly (readonly Sample[])[]): number {
  const count = series.reduce((sum, samples) => sum + samples.length, 0);
  const runs = Array.from({ length: TIME_REPETITIONS + 1 }, () => {
    const began = process.cpuUsage();
    for (const samples of series) feed(candidate.start(), samples);
    const { user, system } = process.cpuUsage(began);
    return ((user + system) * 1000) / count;
  });
  return middle(runs.slice(1));
}

/**
 * Many instances, each after a day of samples, one a minute: how much the heap shrinks when they are released, and how
 * much array buffers grow while they are created. One instance stays throughout, so that an array that several share is
 * not freed with the others.
 */
function bytesPerBoot(candidate: Candidate, series: readonly (readonly Sample[])[]): number {
  const fed = (index: number): Restarter => {
    const instance = candidate.start();
    feed(instance, series[index % series.length] ?? []);
    return instance;
  };
  const staying = fed(0);
  const before = usedBytes();
  const instances = Array.from({ length: INSTANCES }, (_, index) => fed(index));
  const held = usedBytes();
  instances.length = 0;
  const after = usedBytes();
  feed(staying, []);
  return (held.heap - after.heap + held.arrays - before.arrays) / INSTANCES;
}

/** Ignores the rule's answers. */
function feed(restarter: Restarter, samples: readonly Sample[]): void {
  for (const sample of samples) restarter.observe(sample);
}

function thin(samples: readonly Sample[]): readonly Sample[] {
  let nextMs = Number.NEGATIVE_INFINITY;
  return samples.filter(({ timeMs }) => {
    if (timeMs < nextMs) return false;
    nextMs = timeMs + THINNED_MS;
    return true;
  });
}

const COLLECTIONS = 8;

/** After full collections: the next ones free what the first keeps for finalizers. */
function usedBytes(): { readonly heap: number; readonly arrays: number } {
  setFlagsFromString('--expose-gc');
  // Otherwise a collection also frees the compiled code of functions that have not run for a while.
  setFlagsFromString('--no-flush-bytecode');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < COLLECTIONS; round += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, arrays: arrayBuffers };
}
