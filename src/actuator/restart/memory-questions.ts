import { isLeakRestartNear } from '../../decision/leak-restart-near.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Clock, MemoryReports } from '../../ports.ts';
import { MEMORY_QUESTION_LIFE_MS } from '../../shared/memory-report-messages.ts';
import type { Decided, Rules } from '../loop/fleet.ts';
import type { Log } from '../report/log.ts';
import { asError } from './attempt/attempt-report.ts';

export interface MemoryQuestionsParts {
  readonly reports: MemoryReports;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly log: Log;
}

/** Of the kill point: a dyno above it has no memory to spare, however little sampling takes. */
const HEADROOM_FRACTION = 0.95;
/** Twice in the life of the question, so that one lost write does not end the sampling. */
const ASK_EVERY_MS = MEMORY_QUESTION_LIFE_MS / 3;

/** Asks boots that leak to sample their allocations, from some minutes before their restart. */
export class MemoryQuestions {
  readonly #parts: MemoryQuestionsParts;
  /** When each boot was last asked (monotonic), by its key. */
  readonly #askedMs = new Map<string, number>();
  readonly #asking = new Set<Promise<void>>();
  #wasRefused = false;

  constructor(parts: MemoryQuestionsParts) {
    this.#parts = parts;
  }

  /** Returns at once, and delays neither a decision nor a restart. */
  ask(decided: readonly Decided[]): void {
    const nowMs = this.#parts.clock.monotonic();
    for (const [key, atMs] of this.#askedMs) if (nowMs - atMs >= ASK_EVERY_MS) this.#askedMs.delete(key);
    for (const one of decided) {
      const maxRssBytes = this.#maxRssBytes(one);
      if (maxRssBytes === null || this.#askedMs.has(one.entry.key)) continue;
      this.#askedMs.set(one.entry.key, nowMs);
      const asking = this.#askOne(one, maxRssBytes).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
    }
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#asking);
  }

  /** Null where the boot must not be asked. */
  #maxRssBytes({ entry, decision }: Decided): number | null {
    const { policy, permissions } = this.#parts.rules;
    const { target, usageBytes, limitBytes } = decision;
    if (target === null || !isLeakRestartNear(decision, policy.leakHorizonMs)) return null;
    if (permissionOf(permissions, target) !== 'allowed') return null;
    const killBytes = entry.facts?.killBytes ?? limitBytes;
    if (killBytes === null || usageBytes === null) return null;
    const maxBytes = HEADROOM_FRACTION * killBytes;
    return usageBytes > maxBytes ? null : maxBytes;
  }

  async #askOne({ entry, decision }: Decided, maxRssBytes: number): Promise<void> {
    const { reports, log } = this.#parts;
    const { app, bootId, dyno } = entry.boot.identity;
    if (app === null) return;
    try {
      await reports.ask({ app, bootId }, maxRssBytes);
      this.#wasRefused = false;
    } catch (error) {
      const why = { app, dyno, class: decision.class, error: asError(error).message };
      if (!this.#wasRefused) log.warn('a leaking dyno could not be asked what allocates; its restart goes on', why);
      this.#wasRefused = true;
    }
  }
}
