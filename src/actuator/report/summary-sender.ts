import type { HistoryEntry, Notice, ReportStore } from '../../ports.ts';
import type { OverLimit } from '../chronicle/over-limit.ts';
import type { Host } from '../host.ts';
import { isUseless } from '../views/overview.ts';
import { weeklySummary, weekOf } from './weekly-summary.ts';

export interface SummarySenderParts {
  /** Null where no Redis is configured: then nobody knows what was sent before. */
  readonly store: Pick<ReportStore, 'claimWeek'> | null;
  /** Null where there is no webhook, or no summary is wanted. */
  readonly notice: Notice | null;
  /** The closed attempts of all targets, whoever follows them. */
  readonly history: () => Promise<readonly HistoryEntry[]>;
  readonly overLimit: Pick<OverLimit, 'sumMs'>;
  readonly leads: () => boolean;
  readonly host: Pick<Host, 'clock' | 'log'>;
}

const TRY_EVERY_MS = 10 * 60_000;

/** Sends the summary of a week once, from whichever actuator leads when the week has ended. */
export class SummarySender {
  readonly #parts: SummarySenderParts;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SummarySenderParts) {
    this.#parts = parts;
  }

  /** To be called in every round. */
  async look(): Promise<void> {
    const { store, notice, history, overLimit, leads, host } = this.#parts;
    const nowMs = host.clock.now();
    if (store === null || notice === null || !leads() || Math.abs(nowMs - this.#triedMs) < TRY_EVERY_MS) return;
    this.#triedMs = nowMs;
    if (!(await store.claimWeek(weekOf(nowMs)))) return;
    const summary = weeklySummary({
      nowMs,
      history: await history(),
      isUseless,
      overLimitMs: (sinceMs) => overLimit.sumMs(null, sinceMs),
    });
    host.log.info('the weekly summary', { ...summary });
    await notice.send(summary);
  }
}
