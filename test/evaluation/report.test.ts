import { describe, expect, it } from 'vitest';
import type { CandidateScore } from '../../evaluation/evaluate.ts';
import { falseRestartsOf, rateAtMost } from '../../evaluation/false-restarts.ts';
import { reportText } from '../../evaluation/report/report.ts';
import { type DynoScore, type FamilyScore, scoreFamily } from '../../evaluation/score.ts';

const QUIET: DynoScore = {
  days: 2,
  restarts: 0,
  right: 0,
  wrong: 0,
  missed: 0,
  useless: 0,
  leadsMin: [],
  wasted: [],
  delaysMin: [],
  classDelaysMin: [],
  namedFromHalfway: [],
  finalClasses: ['healthy'],
};

function familyScore(family: string, dynos: number, changes: Partial<DynoScore> = {}): FamilyScore {
  return scoreFamily(
    family,
    Array.from({ length: dynos }, () => ({ ...QUIET, ...changes })),
    () => 0.5,
  );
}

function candidate(
  name: string,
  families: readonly FamilyScore[],
  changes: Partial<CandidateScore> = {},
): CandidateScore {
  return {
    key: { name, setting: 0 },
    setting: {},
    families,
    goodness: 0.5,
    falseRestarts: falseRestartsOf(families),
    cost: { nsPerSample: 123.4, bytesPerBoot: 2345.6 },
    ...changes,
  };
}

const LEAK = { restarts: 3, right: 2, wrong: 1, leadsMin: [16], wasted: [0.1], classDelaysMin: [49] };
const OWN = candidate('Tidemark', [
  familyScore('H1', 10),
  familyScore('B1', 10, { restarts: 1, wrong: 1, useless: 1 }),
  familyScore('B2', 10, { restarts: 1, right: 1, delaysMin: [18] }),
  familyScore('B3', 10, { restarts: 2, useless: 2 }),
  familyScore('L1', 10, LEAK),
]);
const OTHER = candidate(
  'PM2',
  [
    familyScore('H1', 10, { restarts: 4, wrong: 4, useless: 4 }),
    familyScore('B1', 10),
    familyScore('B2', 10, { restarts: 1, right: 1, delaysMin: [3] }),
    familyScore('B3', 10, { restarts: 30, wrong: 28, useless: 30 }),
    familyScore('L1', 10, { ...LEAK, wasted: [0.25] }),
  ],
  { setting: { limit: 0.9 }, cost: { nsPerSample: 21, bytesPerBoot: 288 } },
);

/** The row of a table that begins with these cells, by the names of its columns. */
function rowOf(report: string, ...cells: readonly string[]): Readonly<Record<string, string>> {
  const lines = report.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${cells.join(' | ')} |`));
  const head = lines.slice(0, at).findLast((_, index) => lines[index + 1]?.startsWith('| ---')) ?? '';
  const split = (line: string) => line.slice(2, -2).split(' | ');
  return Object.fromEntries(split(head).map((name, index) => [name, split(lines[at] ?? '')[index] ?? '']));
}

describe('the report', () => {
  const report = reportText([OWN, OTHER]);

  it('says of each family how often restarts were right, false and useless, and what they gave up', () => {
    expect(rowOf(report, 'B1')).toMatchObject({
      'dyno-days': '20',
      wrong: '10',
      'wrong per dyno-day (95 %)': '0.5 (≤ 0.85)',
      useless: '10',
    });
    expect(rowOf(report, 'B3')).toMatchObject({ restarts: '20', wrong: '0', useless: '20' });
    expect(rowOf(report, 'L1')).toMatchObject({
      precision: '0.667',
      recall: '1.000',
      'F1 (95 %)': '0.800 (0.800–0.800)',
      'lead, median': '16 min',
      'uptime given up': '10.0 %',
      'leak named after': '49 min',
    });
    expect(rowOf(report, 'B2')).toMatchObject({ 'after the soft limit': '18 min' });
  });

  it('puts the same of other rules next to it', () => {
    const rules = report.slice(report.indexOf('How often each rule is right'));
    expect(rowOf(rules, 'PM2', 'limit 0.9')).toMatchObject({ overall: '0.50', H1: '2.00', B3: '14.00', L1: '0.800' });
    const givenUp = report.slice(report.indexOf('What its right restarts give up'));
    expect(rowOf(givenUp, 'Tidemark')).toEqual({ rule: 'Tidemark', B2: '18 min', L1: '10.0 %, 16 min' });
    expect(rowOf(givenUp, 'PM2')).toEqual({ rule: 'PM2', B2: '3.0 min', L1: '25.0 %, 16 min' });
    const useless = report.slice(report.indexOf('Useless restarts per dyno-day'));
    expect(rowOf(useless, 'PM2')).toMatchObject({ H1: '2', B1: '0', B3: '15' });
  });

  it('pools false restarts over healthy families only, and says what each rule costs', () => {
    const costs = report.slice(report.indexOf('False restarts of the healthy families together'));
    expect(rowOf(costs, 'Tidemark')).toEqual({
      rule: 'Tidemark',
      'false restarts': '0',
      'healthy dyno-days': '20',
      'per day': '0',
      'at most (95 %)': '0.15',
      'ns a sample': '123',
      'bytes a boot': '2346',
    });
    expect(rowOf(costs, 'PM2')).toMatchObject({ 'false restarts': '40', 'per day': '2', 'ns a sample': '21' });
  });

  it('says what Tidemark costs where it stands alone, and knows of no healthy dyno where there is none', () => {
    const alone = reportText([candidate('Tidemark', [familyScore('L1', 1, LEAK)])]);
    expect(rowOf(alone.slice(alone.indexOf('False restarts')), 'Tidemark')).toMatchObject({
      'false restarts': '–',
      'bytes a boot': '2346',
    });
    expect(alone).not.toContain('How often each rule is right');
  });
});

describe('the highest rate that so few events allow', () => {
  it.each([
    [0, 3000, 2.996 / 3000],
    [0, 1, 2.996],
    [1, 1, 4.744],
    [2, 3000, 6.296 / 3000],
    [10, 1, 16.962],
    [100, 1, 118.08],
  ])('%i in %i days', (events, days, perDay) => {
    expect(rateAtMost(events, days) / perDay).toBeCloseTo(1, 3);
  });
});
