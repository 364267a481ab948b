import type { Policy } from '../model/policy.ts';
import { formatBytes, formatDuration } from '../model/text/format.ts';
import type { Doubts } from './doubts.ts';
import type { SeriesRow } from './series-file.ts';

interface Judging {
  readonly policy: Policy;
  /** The quota of rows without one; null: they have none. */
  readonly quotaBytes: number | null;
  readonly doubts: Doubts;
}

/** What the recording is judged by, and how to change it: both flags decide what a curve is taken for. */
export function settingsLine(rows: readonly SeriesRow[], { policy, quotaBytes, doubts }: Judging): string {
  const quotas = [...new Set(rows.map((row) => row.quotaBytes ?? quotaBytes))];
  const [quota = null] = quotas;
  const sentences = [`Judged with a window of ${formatDuration(policy.windowMs)} (--window)`];
  if (quotas.length > 1) sentences.push("and the file's quotas (quota_bytes).");
  else if (quota === null) sentences.push('and without a quota: no limit is judged. Set it with --quota 512MiB.');
  else
    sentences.push(
      `and a quota of ${formatBytes(quota)} (${rows[0]?.quotaBytes === null ? '--quota' : "the file's quota_bytes"}).`,
    );
  // A shorter window is the wrong advice where the times are in another unit.
  return [...sentences, ...(doubts.times.length > 0 ? [] : tooShort(rows, policy))].join(' ');
}

/** A recording of minutes judged by windows of a minute never leaves its warm-up. */
function tooShort(rows: readonly SeriesRow[], { minUptimeMs }: Policy): readonly string[] {
  const lastsMs = (rows.at(-1)?.timeMs ?? 0) - (rows[0]?.timeMs ?? 0);
  if (lastsMs > minUptimeMs) return [];
  const lasts = `It lasts ${formatDuration(lastsMs)}`;
  // The dynos of a log ran before it began, and Heroku writes a line every 20 s whatever the window is.
  if (rows.some(({ bootStart }) => bootStart === 'earlier'))
    return [`${lasts}, too little to see a curve: collect some hours with "heroku logs --tail -a my-app > app.log".`];
  return [
    `${lasts}, and nothing is decided before ${formatDuration(minUptimeMs)}: ` +
      'for a faster process choose a shorter window.',
  ];
}
