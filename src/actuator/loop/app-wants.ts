import { silentAfterMs } from '../../detector/boot/silence.ts';
import type { Policy } from '../../model/policy.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { AppWants } from '../platform/cadence.ts';
import type { Moment } from '../platform/watched-app.ts';

export interface WantsContext {
  readonly now: Moment;
  readonly policy: Pick<Policy, 'windowMs'>;
  /** When the app's newest read began (monotonic ms); null where it was not read. */
  readonly readStartedMs: (app: string) => number | null;
}

const NOTHING: AppWants = { newBoots: 0, newSinceMs: null, unsettled: 0, found: 0, hasGone: false, isNear: false };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the boots of each app would learn from a read, in steps. Notes when each of them was first seen. */
export function* appWants(
  entries: readonly BootEntry[],
  context: WantsContext,
): Generator<void, ReadonlyMap<string, AppWants>> {
  const wants = new Map<string, Mutable<AppWants>>();
  for (const entry of entries) {
    const { app } = entry.boot.identity;
    if (app === null) continue;
    entry.seenMs ??= context.now.monotonicMs;
    const ofApp = wants.get(app) ?? { ...NOTHING };
    wants.set(app, ofApp);
    add(ofApp, entry, { ...context, startedMs: context.readStartedMs(app), seenMs: entry.seenMs });
    yield;
  }
  return wants;
}

interface OfApp extends Pick<WantsContext, 'now' | 'policy'> {
  readonly startedMs: number | null;
  /** Of the boot (monotonic ms). */
  readonly seenMs: number;
}

function add(wants: Mutable<AppWants>, entry: BootEntry, { now, policy, startedMs, seenMs }: OfApp): void {
  const { boot, listing } = entry;
  const silentForMs = now.nowMs - boot.lastPointMs - silentAfterMs(boot, policy.windowMs);
  if (silentForMs > 0) {
    // What fell silent after the newest read began.
    const isNews = startedMs !== null && now.monotonicMs - silentForMs > startedMs;
    if (isNews && listing?.kind === 'listed') wants.hasGone = true;
    return;
  }
  if (listing?.kind === 'listed' && listing.dyno.state === 'up') {
    if (entry.isSought) wants.found += 1;
    entry.isSought = false;
    if (isNear(entry)) wants.isNear = true;
    return;
  }
  if (listing?.kind === 'unlisted' && isBeyondReading(entry, listing.reason)) return;
  entry.isSought = true;
  // A webhook may have reported one already that came after the newest read.
  if ((startedMs === null || seenMs > startedMs) && listing?.kind !== 'listed') {
    wants.newBoots += 1;
    wants.newSinceMs = Math.min(wants.newSinceMs ?? seenMs, seenMs);
  } else {
    wants.unsettled += 1;
  }
}

/** Two boots say that they are one dyno, which no listing tells apart; or it was listed before, and so it has ended. */
function isBeyondReading({ facts }: BootEntry, reason: string): boolean {
  return reason === 'dyno-id-shared' || facts !== null;
}

function isNear({ decision }: BootEntry): boolean {
  if (decision === null) return false;
  const { wanted, usageBytes, softLimitBytes } = decision;
  // Also where it may not be made now: what stands against it may be an old reading, such as a dyno that was down.
  return wanted !== null || (usageBytes !== null && softLimitBytes !== null && usageBytes > softLimitBytes);
}
