import { restartsShownByAges } from '../../attempt/rebuilt-history.ts';
import { LedgerUnavailable, UnreadableRecord } from '../../model/errors.ts';
import { targetKey } from '../../model/target.ts';
import type { ActuatorEvent, Ledger, LedgerView } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { Host } from '../host.ts';
import { inBatches } from '../in-batches.ts';
import type { LedgerAccess, LedgerViews } from '../ledger-access.ts';
import { type FloorRecorder, findBackSoon, findReclaimed } from '../restart/restart-outcomes.ts';
import type { Fleet } from './fleet.ts';
import { type ByApp, inTurns } from './turns.ts';

export interface LearnerParts {
  readonly fleet: Fleet;
  readonly ledgers: LedgerAccess;
  readonly recorder: FloorRecorder;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  readonly host: Host;
}

/** Targets whose ledgers are written before the first answer is waited for. */
const AT_ONCE = 100;

/**
 * Writes into the ledger what boots show after their warm-up and what restarts gave back, for the boots that come
 * after.
 */
export class Learner {
  readonly #parts: LearnerParts;

  constructor(parts: LearnerParts) {
    this.#parts = parts;
  }

  forget(bootKey: string): void {
    this.#parts.recorder.forget(bootKey);
  }

  async learn(apps: ByApp, views: LedgerViews): Promise<void> {
    const { ledgers, host } = this.#parts;
    const ledger = ledgers.usable();
    if (ledger === null) return;
    try {
      await inTurns(apps, (ofApps) => this.#learnOfApps(ledger, ofApps, views));
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      host.log.warn('what boots and restarts showed could not be written into the ledger', { error: error.message });
    }
  }

  async #learnOfApps(ledger: Ledger, entries: readonly BootEntry[], views: LedgerViews): Promise<void> {
    const { fleet, recorder } = this.#parts;
    const byTarget = Map.groupBy(entries, ({ boot: { identity } }) =>
      targetKey({ app: identity.app ?? '', processType: identity.processType }),
    );
    await inBatches([...byTarget], AT_ONCE, async ([key, ofTarget]) => {
      const view = views.get(key) ?? null;
      if (view === null) return;
      await recorder.teach(ledger, ofTarget, fleet.policy);
      await unlessUnreadable(() => this.#learnOf(ledger, view, ofTarget));
    });
  }

  async #learnOf(ledger: Ledger, view: LedgerView, entries: readonly BootEntry[]): Promise<void> {
    const { target } = view;
    const { fleet, host } = this.#parts;
    const nowMs = host.clock.now();
    const dynos = fleet.dynosOf(target.app);
    // A ledger is new as long as its hold lasts: then it may have lost what it knew.
    if (view.heldUntilMs > 0 && dynos !== null) {
      await ledger.rebuild(target, restartsShownByAges(dynos, { processType: target.processType, nowMs }));
    }
    const release = fleet.newestRelease(target);
    if (release !== null) await ledger.noteRelease(target, release);
    await this.#noteReclaimed(ledger, view, entries);
    for (const { entry, backAfterMs } of findBackSoon(view, entries, { policy: fleet.policy, nowMs })) {
      await ledger.recordBackSoon(target, entry.attemptId, backAfterMs);
      host.log.info('memory was back soon after a restart', {
        target: targetKey(target),
        dyno: entry.dyno,
        backAfterMs,
      });
    }
  }

  async #noteReclaimed(ledger: Ledger, view: LedgerView, entries: readonly BootEntry[]): Promise<void> {
    const { fleet, publish, host } = this.#parts;
    for (const { entry, reclaimedBytes } of findReclaimed(view, entries, fleet.policy)) {
      const { attemptId, usageBytes } = entry;
      await ledger.recordReclaimed(view.target, attemptId, reclaimedBytes);
      const target = targetKey(view.target);
      await publish({ type: 'reclaimed', timeMs: host.clock.now(), target, attemptId, reclaimedBytes, usageBytes });
    }
  }
}

/** A damaged record, which was logged when it was found, must not keep other targets from learning. */
async function unlessUnreadable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
  }
}
