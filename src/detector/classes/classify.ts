import type { MemoryClass } from '../../model/decision.ts';
import type { CurveFeatures } from '../curve/features.ts';
import { PARTS, TUNING } from '../tuning.ts';
import { bloat } from './bloat.ts';
import { healthy } from './healthy.ts';
import { leak } from './leak.ts';
import { sawtooth } from './sawtooth.ts';
import { spike } from './spike.ts';
import { unknown } from './unknown.ts';
import { warming } from './warming.ts';

/** The first that matches is what a bucket says. */
const CLASSES = [warming, leak, bloat, unknown, sawtooth, spike, healthy] as const;

/** The class of a boot with what the newest buckets say of it. */
export interface Classified {
  readonly class: MemoryClass;
  /** What the newest bucket says, and how many have said so in a row. */
  readonly candidate: MemoryClass;
  readonly count: number;
  readonly features: CurveFeatures;
}

/**
 * The one truth of a boot: bloat and leaks are left late. A leak keeps its slope while the newest buckets do not
 * say, and loses it once they say otherwise; it remains a leak until its floor has left its line, which noise and teeth
 * hide for longer. Nothing else has a slope.
 */
export function classify(features: CurveFeatures, before: Classified | null): Classified {
  const candidate = CLASSES.find((one) => one.matches(features))?.class ?? 'unknown';
  const count = before?.candidate === candidate ? before.count + 1 : 1;
  const current = before?.class ?? 'warming';
  const saysSo = count >= bucketsToSay(current, candidate, features);
  const isHeld = current === 'leak' && PARTS.hysteresis && !features.riseHasEnded;
  const next = saysSo && !isHeld ? candidate : current;
  const rise = next !== 'leak' || (saysSo && candidate !== 'leak') ? null : riseOf(features, before);
  const leakBytesPerMs = next === 'leak' ? (rise?.bytesPerMs ?? before?.features.leakBytesPerMs ?? null) : null;
  return { class: next, candidate, count, features: { ...features, rise, leakBytesPerMs } };
}

function bucketsToSay(from: MemoryClass, to: MemoryClass, { isSettled }: CurveFeatures): number {
  if (from === to || !PARTS.hysteresis) return 1;
  if (from === 'leak' && to === 'unknown' && !isSettled) return Number.POSITIVE_INFINITY;
  return from === 'leak' || from === 'bloat' ? TUNING.leaveBuckets : 1;
}

function riseOf(features: CurveFeatures, before: Classified | null): CurveFeatures['rise'] {
  const kept = before?.features.rise ?? null;
  if (features.rise !== null || kept === null) return features.rise;
  // It may have stopped: its line goes on from the floor that is seen, and no higher.
  const lineBytes = kept.bytes + kept.bytesPerMs * (features.timeMs - kept.timeMs);
  return { ...kept, bytes: Math.min(lineBytes, features.floorBytes), timeMs: features.timeMs };
}
