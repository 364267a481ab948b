import type { ActuatorEvent } from '../../ports.ts';
import type { Host } from '../host.ts';
import type { LedgerViews } from '../ledger-access.ts';
import type { Mode } from '../mode.ts';
import type { EventHistory } from '../report/event-history.ts';
import type { Decided } from './fleet.ts';

export interface ReporterParts {
  readonly history: EventHistory;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  readonly mode: Mode;
  readonly host: Host;
}

/** Reports what is news among what a tick found: openings of breakers, and decisions that differ from the last. */
export class Reporter {
  readonly #parts: ReporterParts;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  async reportBreakers(views: LedgerViews): Promise<void> {
    const { history, publish, host } = this.#parts;
    for (const view of views.values()) {
      const opened = view === null ? null : history.breakers.look(view, host.clock.now());
      if (opened !== null) await publish(opened);
    }
  }

  /**
   * Those that differ from the last decision about their boot, also those to do nothing; found in steps. Each is news
   * once.
   */
  *newsAmong(decided: readonly Decided[]): Generator<void, readonly Decided[]> {
    const { history, mode } = this.#parts;
    const isTried = mode.kind === 'act';
    const news: Decided[] = [];
    for (const one of decided) {
      if (history.decisions.record(one.entry.key, one.decision, { isTried })) news.push(one);
      yield;
    }
    return news;
  }

  /**
   * A line in the log for a decision that is news.
   *
   * @param leads of several actuators only the one that leads publishes
   */
  async report({ decision }: Decided, leads: boolean): Promise<void> {
    const { publish, host } = this.#parts;
    host.log.info('decision', { ...decision });
    if (leads) await publish({ type: 'decision', timeMs: decision.timeMs, decision, outcome: null });
  }

  forget(bootKey: string): void {
    this.#parts.history.decisions.forget(bootKey);
  }
}
