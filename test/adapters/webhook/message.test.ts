import { describe, expect, it } from 'vitest';
import { linkOf, messageOf } from '../../../src/adapters/webhook/message.ts';
import { payloadOf } from '../../../src/adapters/webhook/payload.ts';
import { type Attempt, OUTCOMES } from '../../../src/attempt/attempt.ts';
import type { ActuatorEvent } from '../../../src/ports.ts';
import { aDecision } from '../../models/decisions.ts';

const MB = 1024 ** 2;

function closed(changes: Partial<Attempt> = {}): ActuatorEvent {
  const attempt: Attempt = {
    id: 'a-1',
    target: { app: 'shop', processType: 'worker' },
    dyno: 'worker.1',
    bootId: 'boot-1',
    bootStartTimeMs: null,
    bootIdSource: 'platform',
    platformDynoId: 'boot-1',
    phase: 'closed',
    epoch: 4,
    by: 'policy',
    dryRun: false,
    reason: 'sustained-over-soft-limit',
    explanation: 'Floor rose in 4 steps to 88 % of 512 MB.',
    usageBytes: 460 * MB,
    floorBytes: 450 * MB,
    limitBytes: 512 * MB,
    claimedAtMs: 1_000,
    deadlineMs: 100_000,
    sendingAtMs: 30_000,
    closedAtMs: 41_000,
    outcome: 'restarted',
    evidence: 'worker.1 is now boot-2',
    ...changes,
  };
  return { type: 'attempt', timeMs: 41_000, attempt, phase: attempt.phase };
}

const RECLAIMED = {
  type: 'reclaimed',
  timeMs: 1,
  target: 'shop:worker',
  attemptId: 'a-1',
  usageBytes: 400 * MB,
} as const;

describe('the message', () => {
  it('of a restart says which dyno, why, and with which numbers', () => {
    expect(messageOf(closed())).toEqual({
      tone: 'info',
      title: 'shop worker.1 was restarted',
      explanation: 'Floor rose in 4 steps to 88 % of 512 MB.',
      numbers: [
        ['Reason', 'sustained-over-soft-limit'],
        ['Memory', '460 MB (90 %)'],
        ['Floor', '450 MB (88 %)'],
        ['Limit', '512 MB'],
        ['Took', '40 s'],
      ],
    });
  });

  it.each<[string, ActuatorEvent, string, RegExp]>([
    ['a refusal', closed({ outcome: 'refused', evidence: 'forbidden: no access' }), 'attention', /platform refused/],
    ['a restart that nobody confirmed', closed({ outcome: 'unconfirmed' }), 'attention', /may have been restarted/],
    [
      'a dyno that was sent for and is gone',
      closed({ outcome: 'already-gone' }),
      'attention',
      /is gone, and no dyno was seen/,
    ],
    [
      'jobs that did not end',
      closed({ outcome: 'drain-timeout', sendingAtMs: null }),
      'attention',
      /did not finish in time/,
    ],
    ['a dry run', closed({ outcome: 'dry-run', sendingAtMs: null }), 'info', /would have been restarted \(dry run\)/],
    ['what a restart gave back', { ...RECLAIMED, reclaimedBytes: 300 * MB }, 'info', /gave 300 MB back/],
    [
      'a restart that gave just more than nothing',
      { ...RECLAIMED, reclaimedBytes: 21 * MB },
      'info',
      /gave 21 MB back/,
    ],
    [
      'a restart that gave back what the breaker takes for nothing',
      { ...RECLAIMED, reclaimedBytes: 20 * MB },
      'attention',
      /gave nothing back/,
    ],
    ['a restart that gave nothing back', { ...RECLAIMED, reclaimedBytes: -MB }, 'attention', /gave nothing back/],
    [
      'a breaker',
      { type: 'breaker', timeMs: 1, target: 'shop:worker', reason: 'r', openUntilMs: 9, openForMs: 86_400_000 },
      'attention',
      /shop:worker: no more automatic restarts/,
    ],
  ])('reports %s', (_what, event, tone, title) => {
    expect(messageOf(event)).toMatchObject({ tone, title: expect.stringMatching(title) });
  });

  it('names the three functions that allocated most of a leak, over all processes', () => {
    const site = (functionName: string, mb: number) => ({
      functionName,
      place: 'src/a.js:1:1',
      caller: null,
      bytes: mb * MB,
    });
    const memory = {
      rssBytes: 1,
      heapUsedBytes: 1,
      heapTotalBytes: 1,
      externalBytes: 0,
      arrayBufferBytes: 0,
      spaces: [],
    };
    const process = (processId: string, ...sites: readonly ReturnType<typeof site>[]) => ({
      ...memory,
      processId,
      notSampled: null,
      sampled: { forMs: 1, bytes: 1, sites },
    });
    const memoryReport = [
      process('a', site('grow', 10), site('b', 4), site('c', 3), site('d', 2)),
      process('b', site('grow', 20)),
    ];
    const event = closed({ outcome: 'restarted', memoryReport });
    const named = 'grow (src/a.js:1:1): 30 MB, b (src/a.js:1:1): 4 MB, c (src/a.js:1:1): 3 MB';
    expect(messageOf(event)?.numbers).toContainEqual(['Allocated by', named]);
  });

  it('names the job names that made the dyno grow, the worst first', () => {
    const share = (name: string, mb: number) =>
      ({ queue: 'q', name, netBytes: mb * MB, runs: 4, known: 'estimated' }) as const;
    const suspects = [share('import-records', 388), share('mail', 12), share('a', 3), share('b', 2)];
    const notes = { expectedBytes: null, activeJobs: null, suspects };
    const named = ['Suspect jobs', 'import-records (+388 MB), mail (+12 MB), a (+3 MB)'];
    expect(messageOf(closed({ notes }))?.numbers).toContainEqual(named);
    const decision = aDecision({ action: 'advise' });
    expect(messageOf({ type: 'decision', timeMs: 1, decision, outcome: null }, suspects)?.numbers).toContainEqual(
      named,
    );
  });

  it('of a week sums it up in its title', () => {
    const week = { type: 'summary', fromMs: 0, toMs: 1, dryRestarts: 0, overLimitMs: 720_000 } as const;
    expect(messageOf({ ...week, restarts: 6, givenBackBytes: 2355 * MB, useless: 0 })).toMatchObject({
      tone: 'info',
      title: 'The last seven days: 6 restarts, 2355 MB given back',
      explanation: '0 useless, 12 min over the quota.',
    });
    expect(messageOf({ ...week, restarts: 1, givenBackBytes: 0, useless: 1, dryRestarts: 2 })).toMatchObject({
      tone: 'attention',
      title: expect.stringContaining('1 restart,'),
      explanation: expect.stringContaining('In dry run 2 restarts would have been made.'),
    });
  });

  it('links to the dyno on the page, where a public address is set', () => {
    expect(linkOf(closed(), null)).toBeNull();
    expect(linkOf(closed(), 'https://tm.example')).toBe('https://tm.example/#dyno/shop/worker.1');
    expect(linkOf({ ...RECLAIMED, reclaimedBytes: 1 }, 'https://tm.example')).toBe('https://tm.example/');
    const payload = payloadOf(
      'https://hooks.slack.com/x',
      { tone: 'info', title: 't', explanation: 'e', numbers: [] },
      closed(),
      'https://tm.example/',
    );
    expect(payload).toMatchObject({ attachments: [{ title_link: 'https://tm.example/' }] });
  });

  it('of a refusal says what the platform said', () => {
    expect(messageOf(closed({ outcome: 'refused', evidence: 'forbidden: no access' }))?.explanation).toContain(
      'no access',
    );
  });

  it('of advice has what a restart would give back and how long there is', () => {
    const decision = aDecision({ action: 'advise', reclaimableBytes: 20 * MB, timeToLimitMs: 7_200_000 });
    expect(messageOf({ type: 'decision', timeMs: 1, decision, outcome: null })?.numbers).toEqual(
      expect.arrayContaining([
        ['A restart gives back', '20 MB'],
        ['Limit reached in', '2 h'],
      ]),
    );
  });

  it.each(OUTCOMES)('is there for the outcome %s', (outcome) => {
    expect(messageOf(closed({ outcome }))?.title).toMatch(/^shop worker\.1 \w/);
  });

  it.each<[string, ActuatorEvent]>([
    ['a move on the way', closed({ phase: 'draining', outcome: null })],
    ['a decision to do nothing', { type: 'decision', timeMs: 1, decision: aDecision(), outcome: null }],
    [
      'a decision to restart, which the attempt reports',
      { type: 'decision', timeMs: 1, decision: aDecision({ action: 'restart' }), outcome: null },
    ],
    [
      'each dyno behind an open breaker, which is reported by itself',
      { type: 'decision', timeMs: 1, decision: aDecision({ action: 'advise', reason: 'breaker-open' }), outcome: null },
    ],
  ])('is none for %s', (_what, event) => {
    expect(messageOf(event)).toBeNull();
  });
});

describe('the payload', () => {
  const event = closed({ explanation: 'grew by <!channel> & more' });
  const message = messageOf(event);

  it('takes the form of Slack, in which names are no mentions', () => {
    if (message === null) throw new Error('there is no message');
    const payload = payloadOf('https://hooks.slack.com/services/T/B/x', message, event);
    expect(Object.keys(payload)).toEqual(['text', 'attachments']);
    expect(JSON.stringify(payload)).toContain('grew by &lt;!channel&gt; &amp; more');
    expect(payload).toMatchObject({
      attachments: [{ fields: expect.arrayContaining([{ title: 'Limit', value: '512 MB', short: true }]) }],
    });
  });

  it('brings the event along for every other receiver', () => {
    if (message === null) throw new Error('there is no message');
    expect(payloadOf('https://example.com/hook', message, event)).toMatchObject({ event });
  });
});
