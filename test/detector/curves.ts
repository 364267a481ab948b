/** Memory curves of every family, seeded, in MB over minutes, with noise that lasts (AR(1)). */

export const MIB = 1024 ** 2;
export const QUOTA_MB = 512;

export interface CurvePoint {
  readonly timeMs: number;
  readonly usageBytes: number;
  readonly activeJobs: number | null;
}

export interface CurveShape {
  readonly hours: number;
  /** MB, and jobs running, at a minute of the boot's life. */
  readonly at: (minute: number) => readonly [usageMb: number, activeJobs?: number];
}

export interface Sampling {
  readonly everyS: number;
  /** Standard deviation of the noise as a share of the quota. */
  readonly noise: number;
  readonly seed: number;
}

const START_MS = 1_700_000_000_000;
/** How much of the noise of one sample is still there in the next. */
const PERSISTENCE = 0.8;

export function curveOf({ hours, at }: CurveShape, { everyS, noise, seed }: Sampling): readonly CurvePoint[] {
  const normal = normals(seed);
  const points: CurvePoint[] = [];
  let drift = 0;
  for (let second = 0; second < hours * 3600; second += everyS) {
    drift = PERSISTENCE * drift + Math.sqrt(1 - PERSISTENCE ** 2) * normal() * noise * QUOTA_MB;
    const [usageMb, activeJobs] = at(second / 60);
    points.push({
      timeMs: START_MS + second * 1000,
      usageBytes: Math.max(1, Math.round((usageMb + drift) * MIB)),
      activeJobs: activeJobs ?? null,
    });
  }
  return points;
}

/** As a recorded series. */
export function csvOf(points: readonly CurvePoint[]): string {
  const rows = points.map(({ timeMs, usageBytes, activeJobs }) => `${timeMs},${usageBytes},${activeJobs ?? ''}`);
  return ['time_ms,rss_bytes,active_jobs', ...rows, ''].join('\n');
}

/** mulberry32, and the sum of twelve for a normal value. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((total, value) => total + value, -6);
}

function stairs(heightsMb: readonly number[], everyMinutes: number) {
  return (minute: number): readonly [number] => [
    heightsMb[Math.min(heightsMb.length - 1, Math.floor(minute / everyMinutes))] ?? 0,
  ];
}

export const FAMILIES = {
  flat: { hours: 6, at: () => [150] },
  'high and flat': { hours: 6, at: () => [470] },
  'high and flat after a start of ten minutes': { hours: 6, at: (minute) => [Math.min(470, 100 + minute * 40)] },
  'job spikes': { hours: 6, at: (minute) => (Math.floor(minute) % 17 < 1 ? [460, 1] : [150, 0]) },
  'saw-tooth': { hours: 6, at: (minute) => [150 + ((minute % 12) / 12) * 180] },
  'saw-tooth over the soft limit': { hours: 24, at: (minute) => [190 + ((minute % 40) / 40) * 275] },
  'warm-up, then flat': { hours: 6, at: (minute) => [100 + 200 * (1 - Math.exp(-minute / 15))] },
  'daily load': { hours: 48, at: (minute) => [200 + 100 * Math.sin((minute / 1440) * 2 * Math.PI)] },
  'one huge job': { hours: 6, at: (minute) => (minute > 120 && minute < 140 ? [620, 1] : [180, 0]) },
  'stairs to a low plateau': { hours: 6, at: stairs([120, 180, 230, 270, 300, 310], 20) },
  'stairs to a high plateau': { hours: 6, at: stairs([120, 210, 290, 350, 410, 450], 25) },
  'leak beneath saw-teeth': { hours: 6, at: (minute) => [150 + (minute * 350) / 300 + ((minute % 33) / 33) * 150] },
  'leak of two hours': { hours: 3, at: (minute) => [120 + (minute * 400) / 120] },
  'leak of ten hours': { hours: 12, at: (minute) => [120 + (minute * 400) / 600] },
} as const satisfies Record<string, CurveShape>;

export type Family = keyof typeof FAMILIES;
