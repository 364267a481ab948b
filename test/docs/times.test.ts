import { expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/model/decision.ts';
import { replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';
import { readPage } from './pages.ts';

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;

/**
 * A worker at 100 MB that from its 8th minute on adds 90 MB every 3 minutes, up to 450 MB of its 512, measured every 10
 * s.
 */
function steps(): string {
  const rows = Array.from({ length: 90 * 6 }, (_, index) => {
    const minute = index / 6;
    const megabytes = minute < 8 ? 100 : Math.min(450, 190 + 90 * Math.floor((minute - 8) / 3));
    return `${index * 10_000},${Math.round((megabytes + (index % 5)) * MIB)},${index % 3 === 0 ? 1 : 0}`;
  });
  return ['time_ms,rss_bytes,active_jobs', ...rows].join('\n');
}

it('the README is right about when the first class and the first decision to restart come', () => {
  const decisions: Decision[] = [];
  const options = { policy: defaultPolicy(), quotaBytes: 512 * MIB };
  replay(readSeries(steps(), 'steps.csv'), options, (decision) => decisions.push(decision));
  const minutesTo = (is: (decision: Decision) => boolean) => (decisions.find(is)?.timeMs ?? Number.NaN) / MINUTE_MS;
  const firstClass = minutesTo((decision) => decision.class !== 'warming');
  const firstRestart = minutesTo((decision) => decision.action === 'restart');
  const [, classAfter, restartAfter] =
    /After (\d+) minutes it has a class.*?After about (\d+) minutes you see/s.exec(readPage('README.md')) ?? [];
  expect(Math.abs(firstClass - Number(classAfter))).toBeLessThan(2);
  expect(Math.abs(firstRestart - Number(restartAfter))).toBeLessThan(10);
});
