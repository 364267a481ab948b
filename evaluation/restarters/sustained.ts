import type { Sample } from '../restarter.ts';
import { Minutes, middle } from './minutes.ts';
import { type Baseline, type BootRule, grid, value } from './rule.ts';

/** A restart must give back this fraction of the quota. */
const WORTH = 0.1;
/** A fresh boot shows its floor in these minutes. */
const FLOOR_FROM_MIN = 5;
const FLOOR_UNTIL_MIN = 30;
const FLOORS_KEPT = 8;
/** A restart was useless when the next boot is as high again within this many minutes. */
const USELESS_MIN = 60;
const MAX_USELESS = 2;
const STOP_MS = 24 * 3_600_000;

/**
 * The plain rule that Tidemark has to beat: usage stayed over the soft limit, a restart would give a tenth of the quota
 * back by what fresh boots have shown, and after two useless restarts in a row there is none for 24 h.
 */
export const SUSTAINED: Baseline = {
  name: 'sustained',
  source:
    'usage over the soft limit for some minutes, worth it by the floors of fresh boots, ' +
    'stopped for 24 h by two useless restarts',
  settings: grid({ soft: [0.75, 0.8, 0.85, 0.9], forMin: [5, 15, 30] }),
  remembersBoots: true,
  start: (setting) => new SustainedRule(value(setting, 'soft'), value(setting, 'forMin')),
};

class SustainedRule implements BootRule {
  readonly #soft: number;
  readonly #forMin: number;
  readonly #floors: number[] = [];
  #bootId = '';
  #minutes: Minutes;
  /** The lowest usage of the boot's first minutes; null once it is learned. */
  #lowest: number | null = null;
  /** Usage at the last restart, until it is known what the restart was good for. */
  #usageAtRestart: number | null = null;
  #uselessInARow = 0;
  #stoppedUntilMs = 0;

  constructor(soft: number, forMin: number) {
    this.#soft = soft;
    this.#forMin = forMin;
    this.#minutes = this.#emptyMinutes();
  }

  sees({ bootId, bootStartMs, timeMs, rssBytes, swapBytes, limitBytes }: Sample): boolean {
    if (bootId !== this.#bootId) this.#open(bootId);
    if (!this.#minutes.add(timeMs, (rssBytes + swapBytes) / limitBytes)) return false;
    const uptimeMin = (timeMs - bootStartMs) / 60_000;
    this.#learnFloor(uptimeMin);
    const { values } = this.#minutes;
    const lowest = Math.min(...values);
    const stayedOver = values.length === this.#forMin && lowest > this.#soft;
    this.#judgeLastRestart(uptimeMin, { stayedOver, nowMs: timeMs });
    const isWorthIt = this.#floors.length > 0 && lowest - middle(this.#floors) >= WORTH;
    if (!stayedOver || !isWorthIt || timeMs < this.#stoppedUntilMs) return false;
    this.#usageAtRestart = lowest;
    return true;
  }

  #open(bootId: string): void {
    this.#bootId = bootId;
    this.#minutes = this.#emptyMinutes();
    this.#lowest = Number.POSITIVE_INFINITY;
  }

  #emptyMinutes(): Minutes {
    return new Minutes({ everyMin: 1, capacity: this.#forMin });
  }

  #learnFloor(uptimeMin: number): void {
    if (this.#lowest === null || uptimeMin < FLOOR_FROM_MIN) return;
    if (uptimeMin <= FLOOR_UNTIL_MIN) {
      this.#lowest = Math.min(this.#lowest, this.#minutes.values.at(-1) ?? this.#lowest);
      return;
    }
    if (Number.isFinite(this.#lowest)) this.#floors.push(this.#lowest);
    if (this.#floors.length > FLOORS_KEPT) this.#floors.shift();
    this.#lowest = null;
  }

  #judgeLastRestart(uptimeMin: number, now: { readonly stayedOver: boolean; readonly nowMs: number }): void {
    if (this.#usageAtRestart === null) return;
    const gaveBack = this.#lowest === null ? this.#usageAtRestart - (this.#floors.at(-1) ?? 0) : WORTH;
    if (gaveBack < WORTH || (now.stayedOver && uptimeMin <= USELESS_MIN)) {
      this.#uselessInARow += 1;
      this.#usageAtRestart = null;
    } else if (uptimeMin > USELESS_MIN) {
      this.#uselessInARow = 0;
      this.#usageAtRestart = null;
    }
    if (this.#uselessInARow < MAX_USELESS) return;
    this.#uselessInARow = 0;
    this.#stoppedUntilMs = now.nowMs + STOP_MS;
  }
}
