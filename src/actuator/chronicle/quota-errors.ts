import type { QuotaError } from '../../sources/logplex/decode-log.ts';
import type { BootEntry } from '../boot-entry.ts';

/** A time during which Heroku logged R14 again and again, or one R15. */
export interface QuotaErrorSpan {
  readonly code: QuotaError['code'];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lines: number;
  /** Whether the measurements were over the quota too; false: the curve missed it. */
  readonly isMeasured: boolean;
}

interface Span {
  readonly code: QuotaError['code'];
  readonly firstMs: number;
  lastMs: number;
  lines: number;
  isMeasured: boolean;
}

/** Lines of one code that are closer than this belong together: R14 comes every 20 s or so. */
const SAME_SPAN_MS = 5 * 60_000;
/** Of each dyno name; and how many names. */
const MAX_SPANS = 10;
const MAX_DYNOS = 2_000;

/**
 * What Heroku itself logged of dynos over their quota: the truth that the measurements are compared with. In memory
 * only.
 */
export class QuotaErrors {
  /** By app and dyno name; the one that was silent for longest comes first. Spans oldest first. */
  readonly #spans = new Map<string, Span[]>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  note(errors: readonly QuotaError[]): void {
    for (const { app, dyno, code, timeMs } of errors) {
      const key = keyOf(app, dyno);
      const spans = this.#spans.get(key) ?? [];
      this.#spans.delete(key);
      this.#spans.set(key, spans);
      const open = spans.findLast((span) => span.code === code && Math.abs(timeMs - span.lastMs) <= SAME_SPAN_MS);
      if (open === undefined) spans.push({ code, firstMs: timeMs, lastMs: timeMs, lines: 1, isMeasured: false });
      else {
        open.lastMs = Math.max(open.lastMs, timeMs);
        open.lines++;
      }
      if (spans.length > MAX_SPANS) spans.shift();
    }
    for (const oldest of this.#spans.keys()) {
      if (this.#spans.size <= MAX_DYNOS) return;
      this.#spans.delete(oldest);
    }
  }

  /** Compares with what was measured of a boot. Called in every tick, as a measurement may come after the line. */
  compare({ boot, decision }: BootEntry): void {
    if (this.#spans.size === 0) return;
    const { usageBytes, lastPointMs, identity } = boot;
    const limitBytes = decision?.limitBytes ?? boot.limitBytes;
    if (usageBytes === null || limitBytes === null || usageBytes <= limitBytes) return;
    for (const span of this.#spans.get(keyOf(identity.app, identity.dyno)) ?? []) {
      const isAtThatTime = lastPointMs >= span.firstMs - this.#windowMs && lastPointMs <= span.lastMs + this.#windowMs;
      span.isMeasured ||= isAtThatTime;
    }
  }

  /** Oldest first. */
  of(app: string | null, dyno: string): readonly QuotaErrorSpan[] {
    return this.#spans.get(keyOf(app, dyno)) ?? [];
  }
}

function keyOf(app: string | null, dyno: string): string {
  return `${app ?? ''}|${dyno}`;
}
