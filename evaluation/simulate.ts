import { type BootModel, DAY, type Family, HOUR } from './family.ts';
import { Random } from './random.ts';
import type { Candidate, Restarter, Sample } from './restarter.ts';

const MINUTE_MS = 60_000;
const START_MS = 1_700_000_000_000;
const MIB = 1024 ** 2;
/**
 * The platform restarts each dyno a day, and up to 216 minutes, after its start (Dev Center, "Automatic dyno
 * restarts").
 */
export const CYCLE = DAY;
export const CYCLE_JITTER = 216;
/** From a restart to the first sample of the new boot. */
const DOWN = 0.5;
/** Where the platform kills, as a fraction of the quota (R15 of the common dyno sizes). */
const KILL_FRACTION = 2;

/** How one boot went, and how it would have continued. Minutes since the start of the episode. */
export interface BootRecord {
  readonly startMin: number;
  readonly endMin: number;
  readonly endedBy: 'restart' | 'cycle' | 'deploy' | 'kill' | 'episode';
  /** Without a restart it would have ended here at the latest. */
  readonly wouldEndMin: number;
  readonly model: BootModel;
  /** Each change of the class that the rule gave it, by uptime. */
  readonly classes: readonly ClassChange[];
}

interface ClassChange {
  readonly uptime: number;
  readonly className: string;
}

export interface Episode {
  readonly family: Family;
  readonly sampling: Sampling;
  readonly boots: readonly BootRecord[];
  readonly samples: number;
}

/** How the dyno is measured. */
interface Sampling {
  readonly everyMin: number;
  readonly quotaBytes: number;
  /** Standard deviation, as a fraction of the measured value. */
  readonly noise: number;
  /** AR(1): the fraction of one sample's noise that remains in the next. */
  readonly persistence: number;
  readonly heavyTail: boolean;
  /** Fraction of samples that never arrive. */
  readonly missing: number;
}

function drawSampling(random: Random): Sampling {
  return {
    everyMin: random.pick([5, 20, 60]) / 60,
    quotaBytes: random.pick([512, 1024, 2560, 14_336]) * MIB,
    noise: random.logBetween(0.005, 0.05),
    persistence: random.between(0, 0.95),
    heavyTail: random.unit() < 0.2,
    missing: random.between(0, 0.2),
  };
}

/**
 * Runs a rule over one dyno of the family, closed-loop: its restarts reset the boot. The same seed gives every rule the
 * same dyno.
 */
export function simulate(family: Family, candidate: Candidate, seed: number): Episode {
  const random = new Random(seed);
  const sampling = drawSampling(random);
  const dyno = new Dyno(family, random.fork());
  const road = new Road(family.rough === true, sampling, random.fork());
  const noise = noiseOf(sampling, random.fork());
  const restarter = candidate.start();
  const boots: BootRecord[] = [];
  let samples = 0;
  let completed = 0;
  let boot = dyno.boot(0);
  const next = (atMin: number, endedBy: BootRecord['endedBy']) => {
    boots.push({ ...boot, endMin: atMin, endedBy });
    boot = dyno.boot(atMin + DOWN);
    completed = 0;
    road.clear();
  };
  const endMin = family.days * DAY;
  for (let tick = 0; tick * sampling.everyMin < endMin; tick += 1) {
    const clock = tick * sampling.everyMin;
    const uptime = clock - boot.startMin;
    if (uptime < 0) continue;
    if (clock >= boot.wouldEndMin) {
      next(clock, boot.deployed ? 'deploy' : 'cycle');
      continue;
    }
    const moment = boot.model.at(uptime, clock);
    if (moment.usage >= KILL_FRACTION) {
      next(clock, 'kill');
      continue;
    }
    completed += moment.jobsPerMinute * sampling.everyMin;
    const limitBytes = sampling.quotaBytes;
    const usageBytes = Math.round(Math.max(0.01, moment.usage * (1 + noise())) * limitBytes);
    const rssBytes = family.clipsRss === true ? Math.min(limitBytes, usageBytes) : usageBytes;
    const arrived = road.send(clock, {
      timeMs: Math.round(START_MS + clock * MINUTE_MS),
      bootId: boot.id,
      bootStartMs: Math.round(START_MS + boot.startMin * MINUTE_MS),
      rssBytes,
      swapBytes: usageBytes - rssBytes,
      garbageBytes: Math.round((moment.garbage ?? 0) * limitBytes),
      limitBytes,
      killBytes: KILL_FRACTION * limitBytes,
      activeJobs: moment.activeJobs,
      completedJobs: Math.floor(completed),
    });
    samples += arrived.length;
    if (sees(restarter, arrived, boot)) next(clock, 'restart');
  }
  boots.push({ ...boot, endMin, endedBy: 'episode' });
  return { family, sampling, boots, samples };
}

function sees(restarter: Restarter, samples: readonly Sample[], boot: RunningBoot): boolean {
  for (const sample of samples) {
    const restarts = restarter.observe(sample);
    const className = restarter.className?.();
    if (className !== undefined && boot.classes.at(-1)?.className !== className)
      boot.classes.push({ uptime: (sample.timeMs - sample.bootStartMs) / MINUTE_MS, className });
    if (restarts) return true;
  }
  return false;
}

interface RunningBoot extends Omit<BootRecord, 'endMin' | 'endedBy' | 'classes'> {
  readonly id: string;
  /** A deployment ends it, before the platform's cycle does. */
  readonly deployed: boolean;
  readonly classes: ClassChange[];
}

class Dyno {
  readonly #family: Family;
  readonly #random: Random;
  readonly #draw: (boot: Random, clock: number) => BootModel;
  #boots = 0;

  constructor(family: Family, random: Random) {
    this.#family = family;
    this.#draw = family.draw(random.fork());
    this.#random = random;
  }

  boot(startMin: number): RunningBoot {
    const own = this.#random.fork();
    const cycleMin = startMin + CYCLE + own.between(0, CYCLE_JITTER);
    const deployMin = this.#family.rough === true ? startMin + own.between(2 * HOUR, 10 * HOUR) : cycleMin;
    this.#boots += 1;
    return {
      id: `boot-${this.#boots}`,
      model: this.#draw(own, startMin),
      startMin,
      wouldEndMin: Math.min(cycleMin, deployMin),
      deployed: deployMin < cycleMin,
      classes: [],
    };
  }
}

/**
 * Delivers samples from the dyno to the rule: some never arrive; with `rough` delivery some come late, twice, or after
 * a gap.
 */
class Road {
  readonly #rough: boolean;
  readonly #sampling: Sampling;
  readonly #random: Random;
  #gapUntilMin = 0;
  #late: Sample | null = null;

  constructor(rough: boolean, sampling: Sampling, random: Random) {
    this.#rough = rough;
    this.#sampling = sampling;
    this.#random = random;
  }

  clear(): void {
    this.#late = null;
  }

  send(clock: number, sample: Sample): readonly Sample[] {
    const random = this.#random;
    if (random.unit() < this.#sampling.missing) return [];
    if (!this.#rough) return [sample];
    if (random.unit() < this.#sampling.everyMin / (6 * HOUR)) this.#gapUntilMin = clock + random.between(2, 40);
    if (clock < this.#gapUntilMin) return [];
    const late = this.#late;
    this.#late = null;
    if (late !== null) return [sample, late];
    const fate = random.unit();
    if (fate < 0.02) {
      this.#late = sample;
      return [];
    }
    return fate < 0.03 ? [sample, sample] : [sample];
  }
}

/** AR(1), with a heavy tail in some episodes. */
function noiseOf({ noise, persistence, heavyTail }: Sampling, random: Random): () => number {
  const fresh = Math.sqrt(1 - persistence ** 2);
  let drift = 0;
  return () => {
    const spread = heavyTail && random.unit() < 0.01 ? 4 : 1;
    drift = persistence * drift + fresh * random.normal() * spread;
    return drift * noise;
  };
}
