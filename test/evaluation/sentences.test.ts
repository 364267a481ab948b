import { describe, expect, it } from 'vitest';
import { WINDOW_MS } from '../../evaluation/recordings/family.ts';
import { readRecordings } from '../../evaluation/recordings/recorded.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/model/decision.ts';
import { replay } from '../../src/replay/replay.ts';

const MIB = 2 ** 20;
const policy = { ...defaultPolicy(WINDOW_MS), graceMs: 2 * WINDOW_MS };
const recordings = readRecordings().filter(({ name }) => name.endsWith('-1'));
const decisions = recordings.flatMap(({ name, rows, quotaBytes }) => {
  const judged: { name: string; decision: Decision }[] = [];
  replay(
    rows,
    { policy, quotaBytes },
    () => undefined,
    ({ decision }) => judged.push({ name, decision }),
  );
  return judged;
});

type Said = Decision & { readonly limit: number; readonly figure: (words: RegExp) => number };

describe('what is said of recorded workers', () => {
  it.each<[string, RegExp, (said: Said) => boolean]>([
    [
      'nothing to give back where a restart gives back less than a tenth',
      /next to nothing/,
      ({ reclaimableBytes, limit }) => (reclaimableBytes ?? 0) < 0.1 * limit,
    ],
    [
      'no limit touched where floor and usage are below them',
      /no limit is touched|is below the limits/,
      ({ floorBytes, usageBytes, softLimitBytes }) =>
        Math.max(floorBytes ?? 0, usageBytes ?? 0) <= (softLimitBytes ?? 0),
    ],
    [
      'peaks that are above the floor',
      /peaks of \d+ MB/,
      ({ floorBytes, figure }) => figure(/peaks of (\d+) MB/) >= Math.floor((floorBytes ?? 0) / MIB),
    ],
    [
      'as much to give back as the figure, and worth it, with a restart',
      /a restart gives back about/,
      ({ reclaimableBytes, limit }) => (reclaimableBytes ?? 0) >= 0.1 * limit,
    ],
    [
      'more that may be given back than is sure',
      /a restart may give back/,
      ({ figure }) => figure(/give back (\d+) MB/) > figure(/of which (\d+) MB/),
    ],
    [
      'each job only with a sum that is theirs',
      /hold \d+ MB of \d+ MB, \d+ MB each/,
      ({ figure, activeJobs }) => {
        const [sum, each] = [figure(/hold (\d+) MB/), figure(/(\d+) MB each/)];
        return Math.abs(sum - each * (activeJobs ?? 0)) <= (activeJobs ?? 0);
      },
    ],
    ['a way to the limit of a leak only', /reaches the limit in/, ({ class: name }) => name === 'leak'],
  ])('is %s', (_, words, holds) => {
    const said = decisions.filter(({ decision }) => words.test(decision.explanation));
    expect(said.length).toBeGreaterThan(0);
    const wrong = said.filter(({ decision }) => {
      const figure = (figureOf: RegExp) => Number(figureOf.exec(decision.explanation)?.[1]);
      return !holds({ ...decision, limit: decision.limitBytes ?? 0, figure });
    });
    expect(wrong.map(({ name, decision }) => `${name}: ${decision.explanation}`)).toEqual([]);
  });
});
