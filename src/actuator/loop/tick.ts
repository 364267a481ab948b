import type { BootEntry } from '../boot-entry.ts';
import { inBatches } from '../in-batches.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { Mode } from '../mode.ts';
import type { Decided, Fleet } from './fleet.ts';
import type { Leadership } from './leadership.ts';
import type { Learner } from './learner.ts';
import type { Reporter } from './reporter.ts';
import { inTurns, stepByStep } from './turns.ts';

export interface TickParts {
  readonly fleet: Fleet;
  readonly ledgers: LedgerAccess;
  readonly learner: Learner;
  readonly reporter: Reporter;
  readonly actor: Actor;
}

/** What may be done with the decisions of a tick. */
interface Actor {
  readonly mode: Mode;
  readonly leadership: Leadership;
  readonly claim: (decided: readonly Decided[]) => Promise<void>;
}

/** Decisions that are written into the journal before the first answer is waited for. */
const AT_ONCE = 100;

/**
 * The body of the loop. Level-based: it looks at what is, whatever happened before, so what a failed tick left undone
 * the next one does. Open attempts come first, those of silent targets too: no attempt waits for a point.
 */
export async function tick({ fleet, ledgers, learner, reporter, actor }: TickParts): Promise<void> {
  const { mode, leadership, claim } = actor;
  if (mode.kind === 'act') mode.restarts.advance();
  await fleet.forgetOver((bootKey) => {
    reporter.forget(bootKey);
    learner.forget(bootKey);
  });
  const apps = await fleet.observe();
  const views = await ledgers.readAll(fleet.allWatchedTargets());
  if (leadership.leads()) {
    await reporter.reportBreakers(views);
    await learner.learn(apps, views);
  }
  const mayAct = ({ boot }: BootEntry) => leadership.mayActOn(boot.identity);
  await inTurns(apps, async (ofApps) => {
    // All boots of a target are in the same of the two groups.
    for (const [acts, group] of Map.groupBy(fleet.due(ofApps), mayAct)) {
      const decided = await stepByStep(fleet.decide(group, views, acts));
      const leads = leadership.leads();
      const news = await stepByStep(reporter.newsAmong(decided));
      await inBatches(news, AT_ONCE, (one) => reporter.report(one, leads));
      await claim(decided.filter(({ entry }) => mayAct(entry)));
    }
  });
}
