import type { LearnedBoot } from '../../decision/learned.ts';
import { postWarmupFloor } from '../../detector/boot/boot.ts';
import { type Learnable, learnableOf } from '../../detector/boot/learnable.ts';
import { soonBackAfterMs } from '../../detector/rules/assess.ts';
import { UnreadableRecord } from '../../model/errors.ts';
import type { Policy } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { HistoryEntry, Ledger, LedgerView } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import { stepByStep } from '../loop/turns.ts';

/** Memory that a restart freed, known once the next boot has shown its floor. */
export interface Reclaimed {
  readonly view: LedgerView;
  readonly entry: HistoryEntry;
  readonly reclaimedBytes: number;
}

/** The ledger's clock and the measured machine's may differ by this much. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Compares each restart with the next boot: usage before, less the new boot's floor after its warm-up. If that boot has
 * shown no floor yet, the next tick looks again.
 */
export function findReclaimed(view: LedgerView, entries: readonly BootEntry[], policy: Policy): readonly Reclaimed[] {
  return view.history.flatMap((entry) => {
    if (entry.outcome !== 'restarted' || entry.reclaimedBytes !== null || entry.usageBytes === null) return [];
    const successor = successorOf(view, entry, entries);
    if (successor === null) return [];
    const floorBytes = postWarmupFloor(successor.boot, policy, successor.facts?.createdAtMs ?? null);
    return floorBytes === null ? [] : [{ view, entry, reclaimedBytes: entry.usageBytes - floorBytes }];
  });
}

/** A restart that bought little time: the next boot stays over the soft limit soon after its start. */
export interface BackSoon {
  readonly entry: HistoryEntry;
  readonly backAfterMs: number;
}

export function findBackSoon(
  view: LedgerView,
  entries: readonly BootEntry[],
  { policy, nowMs }: { readonly policy: Policy; readonly nowMs: number },
): readonly BackSoon[] {
  return view.history.flatMap((entry) => {
    if (entry.outcome !== 'restarted' || entry.backAfterMs !== null) return [];
    const successor = successorOf(view, entry, entries);
    if (successor === null) return [];
    const { boot, facts, decision } = successor;
    const wantsRestart = decision !== null && decision.wanted !== null;
    const backAfterMs = soonBackAfterMs(boot, { nowMs, facts, wantsRestart }, policy);
    return backAfterMs === null ? [] : [{ entry, backAfterMs }];
  });
}

/**
 * The newest boot that the platform lists of the target and that began after the restart was sent: of the same name,
 * or, where names are not reused (Fir), of any. Only the newest restart of a dyno is compared: the successor of an
 * older one is gone by now.
 */
function successorOf(view: LedgerView, entry: HistoryEntry, entries: readonly BootEntry[]): BootEntry | null {
  const { sendingAtMs } = entry;
  const newest = view.history.find(({ dyno, outcome }) => dyno === entry.dyno && outcome === 'restarted');
  if (sendingAtMs === null || newest?.attemptId !== entry.attemptId) return null;
  const namesAreReused = entry.dyno.includes('.');
  const successors = entries.filter(({ listing, boot: { identity, firstPointMs } }) => {
    if (listing?.kind !== 'listed') return false;
    const ofTarget = identity.app === view.target.app && identity.processType === view.target.processType;
    const ofDyno = !namesAreReused || identity.dyno === entry.dyno;
    return ofTarget && ofDyno && identity.bootId !== entry.bootId && firstPointMs > sendingAtMs - CLOCK_SLACK_MS;
  });
  return successors.sort((a, b) => b.boot.firstPointMs - a.boot.firstPointMs)[0] ?? null;
}

/** What the ledger does not know yet of a boot. */
interface ShownBoot {
  readonly key: string;
  readonly target: Target;
  readonly boot: Pick<LearnedBoot, 'dyno' | 'bootId' | 'release'>;
  readonly shown: Learnable;
}

/**
 * Records what each listed boot shows (its floor, what a job holds) in the ledger, so that later boots can be assessed
 * from their first minute; again only where it has changed by much.
 */
export class FloorRecorder {
  readonly #taught = new Map<string, Learnable>();

  async teach(ledger: Ledger, entries: readonly BootEntry[], policy: Policy): Promise<void> {
    for (const { key, target, boot, shown } of await stepByStep(this.#newsOf(entries, policy))) {
      try {
        await ledger.learnFloor(target, { ...boot, ...shown });
        this.#taught.set(key, shown);
      } catch (error) {
        // It concerns this target only, and was logged when it was found.
        if (!(error instanceof UnreadableRecord)) throw error;
      }
    }
  }

  *#newsOf(entries: readonly BootEntry[], policy: Policy): Generator<void, readonly ShownBoot[]> {
    const news: ShownBoot[] = [];
    for (const { key, boot, facts, listing } of entries) {
      yield;
      if (listing?.kind !== 'listed') continue;
      const { app, processType, dyno, bootId } = boot.identity;
      const shown = learnableOf(boot, facts, policy);
      if (app === null || shown === null || !isNews(shown, this.#taught.get(key))) continue;
      const { releaseVersion: release } = listing.dyno;
      news.push({ key, target: { app, processType }, boot: { dyno, bootId, release }, shown });
    }
    return news;
  }

  /** For a ledger that has lost its records. */
  teachAgain(): void {
    this.#taught.clear();
  }

  forget(key: string): void {
    this.#taught.delete(key);
  }
}

/** What a boot shows of a job moves with every hour; a change of less is not worth a write. */
const NEWS_FRACTION = 0.2;

function isNews(shown: Learnable, taught: Learnable | undefined): boolean {
  if (taught === undefined || (taught.floorBytes === null && shown.floorBytes !== null)) return true;
  if (shown.bytesPerJob === null) return false;
  const before = taught.bytesPerJob;
  return before === null || Math.abs(shown.bytesPerJob - before) > NEWS_FRACTION * before;
}
