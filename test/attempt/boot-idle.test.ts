import { describe, expect, it } from 'vitest';
import { type DrainEvidence, isIdle, onDrainTimeout } from '../../src/attempt/boot-idle.ts';

const ASKED_MS = 100_000;

const evidence = (changes: Partial<DrainEvidence>): DrainEvidence => ({
  answers: new Map(),
  processes: [],
  askedAtMs: ASKED_MS,
  nowMs: ASKED_MS + 7_000,
  answerWithinMs: 6_000,
  ...changes,
});
const process = (processId: string, activeJobs: number | null, timeMs = ASKED_MS + 1) => ({
  processId,
  activeJobs,
  timeMs,
});

describe('whether a boot is idle', () => {
  it.each<[string, Partial<DrainEvidence>, boolean | null]>([
    ['nothing is known of it', {}, null],
    ['no process of it has reported a job, and none answers', { processes: [process('a', null)] }, null],
    ['all who answer are idle', { answers: new Map([['a', true]]) }, true],
    [
      'one has answered at once, and nobody knows of others',
      { answers: new Map([['a', true]]), nowMs: ASKED_MS },
      false,
    ],
    [
      'the one process that is known of has answered at once',
      { answers: new Map([['a', true]]), processes: [process('a', 1)], nowMs: ASKED_MS },
      true,
    ],
    [
      'one of those who answer is not',
      {
        answers: new Map([
          ['a', true],
          ['b', false],
        ]),
      },
      false,
    ],
    [
      'who answers has points that are older',
      { answers: new Map([['a', true]]), processes: [process('a', 3, ASKED_MS - 1)] },
      true,
    ],
    [
      'another process that runs jobs does not answer',
      { answers: new Map([['a', true]]), processes: [process('a', 0), process('b', 1)] },
      false,
    ],
    [
      'another process shows no job since it was asked',
      { answers: new Map([['a', true]]), processes: [process('b', 0)] },
      true,
    ],
    ['its points show no job since it was asked', { processes: [process('a', 0), process('b', null)] }, true],
    ['its points show no job, but from before', { processes: [process('a', 0, ASKED_MS)] }, false],
    ['its points show jobs', { processes: [process('a', 2)] }, false],
    ['it has had no time to answer yet', { processes: [process('a', 0)], nowMs: ASKED_MS + 5_999 }, false],
  ])('when %s', (_what, changes, idle) => {
    expect(isIdle(evidence(changes))).toBe(idle);
  });
});

describe('at the end of the grace', () => {
  it.each([
    ['sustained-over-soft-limit', 'policy', false, 'stop'],
    ['leak-near-limit', 'policy', false, 'stop'],
    ['hard-limit', 'policy', false, 'go-on'],
    ['kill-point', 'policy', false, 'go-on'],
    ['max-rss', 'policy', false, 'go-on'],
    ['requested', 'person', false, 'go-on'],
    ['sustained-over-soft-limit', 'policy', true, 'go-on'],
  ] as const)('%s by %s, its workers know no drain: %s: %s', (reason, by, knowNoDrain, does) => {
    expect(onDrainTimeout({ by, reason }, knowNoDrain)).toBe(does);
  });
});
