/**
 * What Heroku says of a dyno in an app's log, by the line's own words. The same lines come from a log drain and from
 * `heroku logs`.
 */

/** A line of an app's log, split. */
export interface LogLine {
  /** Unix ms. */
  readonly timeMs: number;
  /** `heroku` for the platform's own lines; `app` for those of the app's processes and of the API. */
  readonly source: string;
  /** A dyno's name, or the component that speaks: `router`, `api`. */
  readonly process: string;
  readonly message: string;
}

/** A line of the labs feature log-runtime-metrics: the memory of a whole dyno, every 20 s. In bytes. */
export interface MemorySample {
  readonly kind: 'sample';
  readonly dyno: string;
  /** The dyno's id: a new one for each life of a dyno. */
  readonly bootId: string;
  readonly residentBytes: number;
  readonly swapBytes: number | null;
  readonly quotaBytes: number | null;
}

export type QuotaErrorCode = 'R14' | 'R15';

export type HerokuLine =
  | MemorySample
  /** R14: over the quota. R15: so far over it that the platform kills the dyno. */
  | { readonly kind: 'quota-error'; readonly dyno: string; readonly code: QuotaErrorCode }
  /** A dyno begins a new life (`to` is `starting`), or is `up`, `crashed`, `down`. */
  | { readonly kind: 'state'; readonly dyno: string; readonly to: string }
  | { readonly kind: 'release'; readonly version: string };

/** As long as what OTLP may say of a dyno (`MAX_IDENTITY_BYTES`). */
const DYNO_NAME = /^[-\w]{1,100}(\.\d{1,9})?$/;
const DYNO_ID = /^heroku\.[-\w]+\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const QUOTA_ERROR = /^Error (R14|R15) /;
const STATE = /^State changed from \S{1,20} to ([a-z]{1,20})\b/;
const RELEASE = /^Release (v\d{1,9}) created\b/;

/**
 * What a line says; null where it says nothing about memory, lives or releases. An app can print any line on its own
 * output, so only lines with the source `heroku` count, and releases only as the API's.
 */
export function readHerokuLine({ source, process, message }: LogLine): HerokuLine | null {
  if (source === 'heroku') {
    if (message.startsWith('source=')) return readSample(message);
    if (!DYNO_NAME.test(process)) return null;
    const code = QUOTA_ERROR.exec(message)?.[1];
    if (code !== undefined) return { kind: 'quota-error', dyno: process, code: code as QuotaErrorCode };
    const to = STATE.exec(message)?.[1];
    return to === undefined ? null : { kind: 'state', dyno: process, to };
  }
  if (source !== 'app' || process !== 'api') return null;
  const version = RELEASE.exec(message)?.[1];
  return version === undefined ? null : { kind: 'release', version };
}

/** Null for the load averages, which have the same beginning. */
function readSample(message: string): MemorySample | null {
  let dyno: string | null = null;
  let bootId: string | null = null;
  const sizes: Record<string, number | undefined> = {};
  for (const word of message.trimEnd().split(' ')) {
    const equals = word.indexOf('=');
    const [name, value] = [word.slice(0, equals), word.slice(equals + 1)];
    if (name === 'source') dyno = DYNO_NAME.test(value) ? value : null;
    else if (name === 'dyno') bootId = DYNO_ID.exec(value)?.[1] ?? null;
    else if (name.startsWith(MEMORY)) sizes[name.slice(MEMORY.length)] = bytesOf(value);
  }
  const { swap, quota } = sizes;
  const resident = sizes.rss ?? withoutCache(sizes);
  if (dyno === null || bootId === null || resident === undefined) return null;
  return {
    kind: 'sample',
    dyno,
    bootId,
    residentBytes: resident,
    swapBytes: swap ?? null,
    // Ignore a zero quota; every floor would exceed it.
    quotaBytes: quota || null,
  };
}

const MEMORY = 'sample#memory_';

/** The total counts the page cache, which R14 does not. */
function withoutCache({ total, cache = 0, swap = 0 }: Readonly<Record<string, number | undefined>>) {
  return total === undefined ? undefined : Math.max(0, total - cache - swap);
}

/** Heroku's MB are 2^20 bytes. */
function bytesOf(text: string): number | undefined {
  const mb = /^(\d{1,9}(?:\.\d{1,6})?)MB$/.exec(text)?.[1];
  return mb === undefined ? undefined : Math.round(Number(mb) * 1024 ** 2);
}

/** With an offset, which keeps `Date.parse` from taking other forms as local time. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Unix ms; null for other text. */
export function parseLogTime(text: string): number | null {
  const timeMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(timeMs) ? timeMs : null;
}
