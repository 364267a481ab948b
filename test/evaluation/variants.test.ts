import { describe, expect, it } from 'vitest';
import { TIDEMARK_KEY } from '../../evaluation/candidates.ts';
import { type Part, runPart } from '../../evaluation/pool/part.ts';
import { moved, withChange } from '../../evaluation/restarters/tuned.ts';
import type { DynoScore } from '../../evaluation/score.ts';
import { COLUMNS, changedDynos, difference } from '../../evaluation/variants/columns.ts';
import type { Outcome } from '../../evaluation/variants/outcome.ts';
import { movesTable, variantTable } from '../../evaluation/variants/report.ts';
import { MOVED, WHOLE, WITHOUT_INPUT, WITHOUT_PART } from '../../evaluation/variants/variants.ts';
import { PARTS, TUNING } from '../../src/detector/tuning.ts';

const DECLARED = structuredClone({ PARTS, TUNING });

function partOf(variant: typeof WHOLE, family: string): Part {
  return { candidate: variant.candidate, family, split: 'dev', firstDyno: 0, dynos: 1 };
}

function without(part: keyof typeof PARTS): typeof WHOLE {
  return { name: `without ${part}`, candidate: { ...TIDEMARK_KEY, change: { part } } };
}

describe('a detector with one difference', () => {
  it('is in service with every part on', () => {
    expect(Object.values(PARTS).every((isOn) => isOn)).toBe(true);
  });

  it('is put back after a run, and after a run that fails', () => {
    for (const { candidate } of [...WITHOUT_PART, ...MOVED]) {
      withChange(candidate.change, () => expect({ PARTS, TUNING }).not.toEqual(DECLARED));
      expect(() =>
        withChange(candidate.change, () => {
          throw new Error('the run fails');
        }),
      ).toThrow('the run fails');
      expect({ PARTS, TUNING }).toEqual(DECLARED);
    }
  });

  it.each([
    ['jobLoad', 'W2'],
    ['loadMargin', 'LW1'],
  ] as const)('without `%s` decides otherwise on %s, and the next run does not', (part, family) => {
    const before = runPart(partOf(WHOLE, family));
    expect(runPart(partOf(without(part), family))).not.toEqual(before);
    expect({ PARTS, TUNING }).toEqual(DECLARED);
    expect(runPart(partOf(WHOLE, family))).toEqual(before);
  });

  it('turns off each part by itself, and each input', () => {
    const changed = WITHOUT_PART.map(({ candidate }) =>
      withChange(candidate.change, () =>
        Object.entries(PARTS)
          .filter(([, isOn]) => !isOn)
          .map(([name]) => name),
      ),
    );
    expect(changed).toEqual(Object.keys(DECLARED.PARTS).map((name) => [name]));
    expect(WITHOUT_INPUT.map(({ name }) => name)).toEqual([
      'without job counts',
      'without swap',
      'without memory of earlier boots',
    ]);
  });
});

describe('sensitivity', () => {
  it('moves exactly one constant at a time, each of them down and up', () => {
    const changes = MOVED.map(({ candidate }) =>
      withChange(candidate.change, () =>
        Object.entries(TUNING).filter(
          ([name, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(DECLARED.TUNING, name)),
        ),
      ),
    );
    expect(changes.map((changed) => changed.map(([name]) => name))).toEqual(
      Object.keys(DECLARED.TUNING).flatMap((name) => [[name], [name]]),
    );
    for (const [index, [entry]] of changes.entries()) {
      const [name, value] = entry ?? [];
      const before = [Reflect.get(DECLARED.TUNING, name ?? '')].flat()[0];
      const ratio = Number([value].flat()[0]) / before;
      if (index % 2 === 0) expect(ratio, name).toBeLessThan(0.751);
      else expect(ratio, name).toBeGreaterThan(1.249);
    }
  });

  it.each([
    [4, 0.75, 3],
    [6, 0.75, 4],
    [6, 1.25, 8],
    [2, 0.75, 1],
    [0.04, 1.25, 0.05],
  ])('%d times %d is %d: whole numbers are rounded away from what they were', (value, factor, result) => {
    expect(moved(value, factor)).toBeCloseTo(Number(result), 10);
  });
});

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

function outcome(name: string, wrong: readonly number[]): Outcome {
  return {
    variant: { ...WHOLE, name },
    dynos: wrong.map((count) => ({ family: 'H1', score: { ...QUIET, wrong: count } })),
    recordings: [true, false],
  };
}

describe('the table of variants', () => {
  it.each<[string, readonly number[], readonly number[], number]>([
    ['nothing changed', [0, 1, 2], [0, 1, 2], 0],
    ['one dyno, however much', [0, 0, 0, 0, 0], [50, 0, 0, 0, 0], 0],
    ['five dynos alike', [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], 1],
    ['five dynos alike, for the better', [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], -1],
    ['as many up as down', [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], 0],
  ])('separates chance from effect: %s', (_, before, after, sign) => {
    expect(difference(before, after)).toBe(sign);
  });

  it('marks what differs from the first row, and counts the dynos', () => {
    const [whole, worse, same] = [
      outcome('Tidemark', [0, 0, 0, 0, 0]),
      outcome('worse', [1, 1, 1, 1, 1]),
      outcome('same', [0, 0, 0, 0, 0]),
    ];
    expect(changedDynos(whole, worse)).toBe(5);
    const [, , moves] = movesTable([whole, worse, same]).split('\n');
    expect(moves).toBe('| worse | 5 dynos, 0 recordings: 5 more errors (beyond chance in a column) | same | nothing |');
    const rows = variantTable([whole, worse, same]).split('\n');
    expect(rows[2]).toMatch(/^\| Tidemark \| 0 \| – .*\| 100.0 % \| 1\/2 \| – \|$/);
    expect(rows[3]).toMatch(/^\| worse \| 0.5 \(worse\) \| – .*\| 5\/5 \|$/);
    expect(rows[4]).toMatch(/^\| same \| 0 \| – .*\| 0\/5 \|$/);
  });

  it('has a figure for each family', () => {
    expect(COLUMNS.map(({ head }) => head)).toContain('wrong a day, B1, B3, L5, W10, W11, W12');
  });
});
