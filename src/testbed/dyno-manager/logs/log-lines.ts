import type { LogEntry } from '../event-log.ts';

/** A line of an app's log: what a drain sends of it. */
export interface DrainLine {
  /** Unix ms. */
  readonly timeMs: number;
  /** `heroku worker.1`, `app api`. */
  readonly from: string;
  readonly message: string;
}

/** The memory of a dyno at one time, in bytes. */
export interface DynoMemory {
  readonly dyno: string;
  readonly dynoId: string;
  readonly rssBytes: number;
  readonly swapBytes: number;
  readonly quotaBytes: number;
}

/** What Heroku logs of an event of a dyno or an app; none for what it does not log. */
export function eventLines({ timeMs, event, dyno, detail }: LogEntry): readonly DrainLine[] {
  if (event === 'release') {
    const api = (message: string) => ({ timeMs, from: 'app api', message });
    return [api('Deploy 1a2b3c4d by user dev@example.com'), api(`Release ${detail} created by user dev@example.com`)];
  }
  const message = MESSAGES[event]?.(detail ?? '');
  return dyno === null || message === undefined ? [] : [{ timeMs, from: `heroku ${dyno}`, message }];
}

const MESSAGES: Readonly<Partial<Record<LogEntry['event'], (detail: string) => string>>> = {
  'restart-requested': () => 'Restarting',
  boot: () => 'State changed from up to starting',
  up: () => 'State changed from starting to up',
  crashed: () => 'State changed from up to crashed',
  sigterm: () => 'Stopping all processes with SIGTERM',
  sigkill: () => 'Stopping remaining processes with SIGKILL',
  exit: (detail) => `Process exited with status ${/\d+/.exec(detail)?.[0] ?? 143}`,
};

/** Heroku counts apps; the number is in every line of log-runtime-metrics. */
const APP_NUMBER = 295_224_626;
const MB = 1024 ** 2;
/** Of the quota, in the Common Runtime. */
const KILLED_AT = 2;

/** As the labs feature log-runtime-metrics writes them, with the errors that follow over the quota. */
export function memoryLines({ dyno, dynoId, rssBytes, swapBytes, quotaBytes }: DynoMemory, timeMs: number) {
  const line = (message: string): DrainLine => ({ timeMs, from: `heroku ${dyno}`, message });
  const mb = (bytes: number) => `${(bytes / MB).toFixed(2)}MB`;
  const about = `source=${dyno} dyno=heroku.${APP_NUMBER}.${dynoId}`;
  const usageBytes = rssBytes + swapBytes;
  const lines = [
    line(`${about} sample#load_avg_1m=0.12 sample#load_avg_5m=0.08`),
    line(
      `${about} sample#memory_total=${mb(usageBytes + MB)} sample#memory_rss=${mb(rssBytes)} ` +
        `sample#memory_cache=1.00MB sample#memory_swap=${mb(swapBytes)} sample#memory_pgpgin=32268pages ` +
        `sample#memory_pgpgout=9527pages sample#memory_quota=${mb(quotaBytes)}`,
    ),
  ];
  if (usageBytes <= quotaBytes) return lines;
  const percent = ((usageBytes / quotaBytes) * 100).toFixed(1);
  const isKilled = usageBytes > KILLED_AT * quotaBytes;
  return [
    ...lines,
    line(`Process running mem=${Math.round(usageBytes / MB)}M(${percent}%)`),
    line(isKilled ? 'Error R15 (Memory quota vastly exceeded)' : 'Error R14 (Memory quota exceeded)'),
  ];
}

/** The frame of a line: its length in bytes, a space, and RFC 5424 without structured data, as Logplex sends it. */
export function framed({ timeMs, from, message }: DrainLine): string {
  const time = new Date(timeMs).toISOString().replace('Z', '000+00:00');
  const line = `<${from.startsWith('heroku') ? 45 : 190}>1 ${time} host ${from} - ${message}\n`;
  return `${Buffer.byteLength(line)} ${line}`;
}
