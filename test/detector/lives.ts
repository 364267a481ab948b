import { defaultPolicy } from '../../src/config/policy.ts';
import { type Boot, closedBuckets, observe, openBoot } from '../../src/detector/boot/boot.ts';
import type { CurveFeatures } from '../../src/detector/curve/features.ts';
import { assess } from '../../src/detector/rules/assess.ts';
import type { Verdict } from '../../src/model/decision.ts';
import type { Point } from '../../src/model/point.ts';
import { type CurveShape, curveOf, MIB, QUOTA_MB } from './curves.ts';

export const START_MS = 1_700_000_000_000;
export const LIMIT_BYTES = QUOTA_MB * MIB;
/** The platform's own restart is left out: what a boot of weeks would need is asked of the detector alone. */
export const policy = { ...defaultPolicy(), dynoCycleMs: null };

export const POINT: Point = {
  boot: {
    app: 'shop',
    dyno: 'worker.1',
    processType: 'worker',
    bootId: 'boot',
    bootIdSource: 'platform',
    startTimeMs: START_MS,
    release: null,
  },
  processId: 'p',
  processRole: 'main',
  tuning: null,
  timeMs: START_MS,
  rssBytes: null,
  treeResidentBytes: null,
  treeSwapBytes: null,
  limitBytes: LIMIT_BYTES,
  heapUsedBytes: null,
  externalBytes: null,
  activeJobs: null,
  completedJobs: null,
};

interface Sampled {
  readonly everyS?: number;
  readonly noise?: number;
  readonly seed?: number;
}

export function pointsOf(shape: CurveShape, { everyS = 20, noise = 0.005, seed = 1 }: Sampled = {}): readonly Point[] {
  return curveOf(shape, { everyS, noise, seed }).map(({ timeMs, usageBytes, activeJobs }) => ({
    ...POINT,
    timeMs,
    rssBytes: usageBytes,
    activeJobs,
  }));
}

interface Life {
  readonly boot: Boot;
  /** One for each bucket that closed. */
  readonly verdicts: readonly Verdict[];
  readonly shapes: readonly CurveFeatures[];
}

/**
 * Folds points in, and assesses the boot at each bucket that closes.
 *
 * @param limitBytesAt the quota that the platform reports
 */
export function live(
  points: readonly Point[],
  limitBytesAt: (timeMs: number) => number | null = () => LIMIT_BYTES,
): Life {
  const [first] = points;
  if (first === undefined) throw new Error('no points');
  const boot = openBoot(first);
  const verdicts: Verdict[] = [];
  const shapes: CurveFeatures[] = [];
  for (const point of points) {
    const before = closedBuckets(boot);
    observe(boot, point, policy);
    const shape = boot.classified?.features ?? null;
    if (closedBuckets(boot) === before || shape === null) continue;
    const limitBytes = limitBytesAt(point.timeMs);
    const facts = { limitBytes, killBytes: limitBytes === null ? null : 2 * limitBytes, createdAtMs: START_MS };
    verdicts.push(
      assess(
        boot,
        { nowMs: point.timeMs, facts, learnedFloorBytes: null, uselessRestarts: 0, earlyRestarts: 'usual' as const },
        policy,
      ),
    );
    shapes.push(shape);
  }
  return { boot, verdicts, shapes };
}

export function wantsRestart({ verdicts }: Life): boolean {
  return verdicts.some(({ action }) => action === 'restart');
}
