/** Makes the log of an app as `heroku logs` prints it. */

export const START = Date.UTC(2026, 10, 29, 8);
export const BOOT = ['5fb3210e-a52b-4d35-9620-cc5a2cb416d7', '7a1c0b52-1111-4d35-9620-0c5a2cb416d8'] as const;

export interface LoggedSample {
  readonly minute: number;
  readonly mb: number;
  readonly dyno?: string;
  readonly boot?: string;
}

export function cliLine(minute: number, from: string, message: string): string {
  const time = new Date(START + minute * 60_000).toISOString().replace('Z', '000+00:00');
  return `${time} ${from}: ${message}`;
}

export function sampleLine({ minute, mb, dyno = 'worker.1', boot = BOOT[0] }: LoggedSample): string {
  return cliLine(
    minute,
    `heroku[${dyno}]`,
    `source=${dyno} dyno=heroku.295224626.${boot} sample#memory_total=${(mb + 20).toFixed(2)}MB ` +
      `sample#memory_rss=${mb.toFixed(2)}MB sample#memory_cache=20.00MB sample#memory_swap=0.00MB ` +
      'sample#memory_pgpgin=32268pages sample#memory_pgpgout=9527pages sample#memory_quota=512.00MB',
  );
}

/** A sample every 20 s, as Heroku writes them, from one minute to another. */
export function samples(
  [from, to]: readonly [number, number],
  mbAt: (minute: number) => number,
  of: Pick<LoggedSample, 'dyno' | 'boot'> = {},
): readonly string[] {
  return Array.from({ length: (to - from) * 3 }, (_, index) => {
    const minute = from + index / 3;
    return sampleLine({ minute, mb: mbAt(minute), ...of });
  });
}
