import { describe, expect, it } from 'vitest';
import { ExportLog } from '../../../src/instrument/export/otlp/export-log.ts';
import { subjectOf } from '../../../src/instrument/export/subject.ts';

const MINUTE_MS = 60_000;
const TOKEN = { kind: 'token', sentence: 'the token is refused' };
const BUSY = { kind: 'busy', sentence: 'the receiver is busy' };
const RESOURCE = { 'heroku.app.name': 'my-app', 'heroku.dyno.name': 'worker.1' };

function harness(resource: Record<string, string> = RESOURCE) {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const log = new ExportLog({
    say: (line) => lines.push(line),
    subject: subjectOf(resource),
    destination: 'https://my-tidemark.herokuapp.com',
    intervalMs: 10_000,
    nowMs: () => clock.nowMs,
  });
  return { log, lines, clock };
}

describe('what is said of exports', () => {
  it('is one line at the first that arrives, and nothing of those after it', () => {
    const { log, lines } = harness();
    for (let count = 0; count < 100; count += 1) log.succeeded();
    expect(lines).toEqual(['reporting my-app worker.1 to https://my-tidemark.herokuapp.com every 10 s']);
  });

  it.each([
    [{ 'heroku.dyno.name': 'worker.1' }, /^reporting worker\.1 of an unnamed app to .*; set TIDEMARK_APP/],
    [{ 'heroku.app.name': 'my-app' }, /^reporting my-app to .*; DYNO is not set, so Tidemark restarts no dyno/],
    [{}, /^reporting this process to .*; DYNO is not set/],
  ])('names what keeps the dyno from being restarted: %o', (resource, line) => {
    const { log, lines } = harness(resource);
    log.succeeded();
    expect(lines).toEqual([expect.stringMatching(line)]);
  });

  it('is each kind of failure once, and the recovery with how long it took', () => {
    const { log, lines, clock } = harness();
    log.succeeded();
    lines.length = 0;
    for (; clock.nowMs < 12 * MINUTE_MS; clock.nowMs += 10_000) log.failed(clock.nowMs < MINUTE_MS ? BUSY : TOKEN);
    log.succeeded();
    expect(lines).toEqual([
      BUSY.sentence,
      TOKEN.sentence,
      'reporting my-app worker.1 to https://my-tidemark.herokuapp.com again after 12 min',
    ]);
  });

  it('is the first success if a failure came before it', () => {
    const { log, lines } = harness();
    log.failed(TOKEN);
    log.succeeded();
    expect(lines).toEqual([TOKEN.sentence, expect.stringMatching(/every 10 s$/)]);
  });

  it('stays bounded when a receiver fails every other time: a kind an hour, with its recovery', () => {
    const { log, lines, clock } = harness();
    log.succeeded();
    lines.length = 0;
    for (; clock.nowMs < 120 * MINUTE_MS; clock.nowMs += 10_000) {
      log.failed(BUSY);
      log.succeeded();
    }
    expect(lines.map((line) => line.slice(0, 9))).toEqual(['the recei', 'reporting', 'the recei', 'reporting']);
  });

  it('is a failure that lasts once an hour', () => {
    const { log, lines, clock } = harness();
    for (; clock.nowMs < 180 * MINUTE_MS; clock.nowMs += 10_000) log.failed(TOKEN);
    expect(lines).toHaveLength(3);
  });
});
