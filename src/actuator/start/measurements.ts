import type { ActuatorSettings } from '../../config/resolve.ts';
import { JobTotals, jobLimitsFor } from '../../job-totals/job-totals.ts';
import { matchesApp } from '../../model/target.ts';
import { Intake } from '../../sources/intake.ts';
import { oldSpaceBytes } from '../../sources/limits.ts';
import type { Position } from '../../sources/points/point-assembler.ts';
import { BootRegistry } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import { Refusals } from '../report/refusals.ts';

/** The way of a measurement into its boot. */
export interface Measurements {
  readonly intake: Intake;
  readonly registry: BootRegistry;
  /** What jobs did to memory. */
  readonly jobs: JobTotals;
  /** What could not be taken. */
  readonly refusals: Refusals;
}

/** @param position see `IntakeOptions` */
export function createMeasurements(
  settings: ActuatorSettings,
  { clock, log }: Host,
  position: () => Position | null,
): Measurements {
  const { policy, permissions } = settings;
  const isOurs = (app: string) =>
    permissions.allowed.some((pattern) => matchesApp(pattern.app, app, permissions.ownApp));
  const refusals = new Refusals({ clock, log, isOurs });
  const registry = new BootRegistry(policy);
  const jobs = new JobTotals(jobLimitsFor(oldSpaceBytes()));
  const intake = new Intake({
    maxPointAgeMs: policy.maxPointAgeMs,
    clock,
    holdMs: holdMsOfExports(settings),
    position,
    hasRoomFor: (boot, sender) => registry.hasRoomFor(boot, sender, clock.now()),
    accept: (points) => registry.accept(points),
    acceptJobs: ({ process, points }, sender) => jobs.take(process, points, { nowMs: clock.now(), sender }),
    onRefused: (refused) => refusals.note(refused),
  });
  return { intake, registry, jobs, refusals };
}

/**
 * The parts of an export follow one another at once; a scaled-down window cannot wait for them as long as a real one.
 */
export function holdMsOfExports({ policy }: ActuatorSettings): number {
  return Math.min(1_000, policy.windowMs / 4);
}
