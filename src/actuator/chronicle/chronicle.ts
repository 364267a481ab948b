import { targetKey } from '../../model/target.ts';
import type { BootEntry } from '../boot-entry.ts';
import { type ByApp, inTurns, stepByStep } from '../loop/turns.ts';
import { DynoLog } from './dyno-log.ts';
import { OverLimit } from './over-limit.ts';
import { PointsMeter } from './points-meter.ts';
import { QuotaErrors } from './quota-errors.ts';

/** The time between two looks counts in full only up to this many windows: the process may have been suspended. */
const MAX_GAP_WINDOWS = 3;

/** What people are shown of the past, beyond what decisions need. Looked at once after every tick. */
export class Chronicle {
  readonly log = new DynoLog();
  readonly overLimit = new OverLimit();
  readonly meter = new PointsMeter();
  /** What Heroku logged of dynos over their quota. */
  readonly quotaErrors: QuotaErrors;
  readonly #windowMs: number;
  #lastMs: number | null = null;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.quotaErrors = new QuotaErrors(windowMs);
  }

  /** @param accepted data points used since the start */
  async note(apps: ByApp, { nowMs, accepted }: { readonly nowMs: number; readonly accepted: number }): Promise<void> {
    this.meter.note(accepted, nowMs);
    const gapMs = this.#lastMs === null ? 0 : Math.min(nowMs - this.#lastMs, MAX_GAP_WINDOWS * this.#windowMs);
    this.#lastMs = nowMs;
    await inTurns(apps, (ofApps) => stepByStep(this.#noteBoots(ofApps, gapMs, nowMs)));
    await stepByStep(this.log.archive());
  }

  *#noteBoots(entries: readonly BootEntry[], gapMs: number, nowMs: number): Generator<void, void> {
    for (const entry of entries) {
      this.log.follow(entry);
      this.quotaErrors.compare(entry);
      this.#noteOverLimit(entry, gapMs, nowMs);
      yield;
    }
  }

  #noteOverLimit({ decision }: BootEntry, gapMs: number, nowMs: number): void {
    if (decision === null || decision.target === null || decision.reason === 'silent') return;
    const { usageBytes, limitBytes } = decision;
    if (usageBytes === null || limitBytes === null || usageBytes <= limitBytes) return;
    this.overLimit.add(targetKey(decision.target), gapMs, nowMs);
  }
}
