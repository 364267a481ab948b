import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { BadInputError } from '../../src/model/errors.ts';
import { dynoSentence, summariseDynos } from '../../src/replay/dyno-summary.ts';
import { isHerokuLog, readHerokuLog } from '../../src/replay/heroku-log.ts';
import { replay } from '../../src/replay/replay.ts';
import { framed, sample, syslog, T0 } from '../sources/logplex/drain-requests.ts';
import { BOOT, cliLine, START, sampleLine, samples } from './heroku-logs.ts';

const MIB = 2 ** 20;

describe('the log of an app', () => {
  const log = [
    cliLine(0, 'app[web.1]', 'a,comma,and rss_bytes'),
    cliLine(0, 'heroku[router]', 'at=info method=GET path="/"'),
    sampleLine({ minute: 1, mb: 100 }),
    '  a line of a stack trace that the app printed',
    cliLine(2, 'heroku[worker.1]', 'State changed from up to starting'),
    cliLine(2.5, 'heroku[worker.1]', 'Error R14 (Memory quota exceeded)'),
    sampleLine({ minute: 3, mb: 60.5, boot: BOOT[1] }),
    '',
  ].join('\n');

  it('is told from a series, and its samples are read between all other lines', () => {
    expect(isHerokuLog(log)).toBe(true);
    expect(isHerokuLog('time_ms,rss_bytes\n1,2\n')).toBe(false);
    const { rows, quotaErrors } = readHerokuLog(log, 'f');
    expect(rows).toMatchObject([
      {
        line: 3,
        timeMs: START + 60_000,
        rssBytes: 100 * MIB,
        swapBytes: 0,
        quotaBytes: 512 * MIB,
        dyno: 'worker.1',
        processType: 'worker',
        bootId: BOOT[0],
        bootStart: 'earlier',
      },
      { line: 7, rssBytes: 60.5 * MIB, bootId: BOOT[1], bootStart: START + 120_000 },
    ]);
    expect(quotaErrors).toEqual([{ dyno: 'worker.1', code: 'R14', timeMs: START + 150_000 }]);
  });

  it('may be coloured, have Windows line ends, and be slightly out of order', () => {
    const coloured = log.replaceAll(/^(\S+ \S+\]:)/gm, '\u001b[36m$1\u001b[0m').replaceAll('\n', '\r\n');
    expect(readHerokuLog(coloured, 'f').rows).toEqual(readHerokuLog(log, 'f').rows);
    const swapped = [sampleLine({ minute: 2, mb: 2 }), sampleLine({ minute: 1, mb: 1 })].join('\n');
    expect(readHerokuLog(swapped, 'f').rows.map(({ rssBytes }) => rssBytes)).toEqual([MIB, 2 * MIB]);
  });

  it('may be what a log drain was sent, one body after the other', () => {
    const body = framed(syslog('app web.1', 'hi'), syslog('heroku worker.1', sample('79.40')));
    expect(isHerokuLog(body)).toBe(true);
    expect(readHerokuLog(body + body, 'f').rows.map(({ timeMs }) => timeMs)).toEqual([T0, T0]);
  });

  it('without a sample says how to get some', () => {
    const read = () => readHerokuLog(`${cliLine(0, 'app[web.1]', 'hello')}\n`, 'my.log');
    expect(read).toThrow(BadInputError);
    expect(read).toThrow(
      /^my\.log: 1 lines of a log, and none is a memory sample.*heroku labs:enable log-runtime-metrics/,
    );
  });

  it('with a sample that cannot be read names file and line', () => {
    const bad = sampleLine({ minute: 2, mb: 2 })
      .replace('memory_rss=2.00MB', 'memory_rss=2.00XB')
      .replace(/sample#memory_total\S+ /, '');
    expect(() => readHerokuLog(`${log}${bad}\n`, 'my.log')).toThrow('my.log:8: this memory sample cannot be read');
  });
});

describe('a dyno that was over its quota for hours', () => {
  const policy = defaultPolicy();
  const sentences = (text: string) => {
    const { rows, quotaErrors } = readHerokuLog(text, 'f');
    const options = { policy, quotaBytes: null, restartEndsBoot: true };
    const { restarts } = replay(rows, options, () => undefined);
    return summariseDynos({ rows, restarts, quotaBytes: null, quotaErrors }).map((dyno) => dynoSentence(dyno, START));
  };

  it('would have been restarted, although it was full before the log began', () => {
    const over = samples([0, 300], () => 740);
    const r14 = Array.from({ length: 3 }, (_, index) =>
      cliLine(index, 'heroku[worker.1]', 'Error R14 (Memory quota exceeded)'),
    );
    const [said] = sentences([...over, ...r14].join('\n'));
    expect(said).toMatch(
      /^worker\.1: over its quota of 512 MB for 5 h of 5 h \(up to 740 MB\); would have been restarted once/,
    );
    expect(said).toMatch(/ Heroku logged R14 or R15 3 times\.$/);
  });

  it('is judged by its quota, although the last line of the log was cut off before it', () => {
    const log = samples([0, 300], () => 740).join('\n');
    const [said] = sentences(log.slice(0, log.lastIndexOf('sample#memory_quota')));
    expect(said).toMatch(/^worker\.1: over its quota of 512 MB for 5 h of 5 h/);
  });

  it('would have been restarted in each of its boots', () => {
    const climb = (from: number) => (minute: number) => Math.min(740, 150 + (minute - from) * 10);
    const log = [
      ...samples([0, 150], () => 740),
      cliLine(150, 'heroku[worker.1]', 'State changed from up to starting'),
      ...samples([151, 400], (minute) => (minute < 200 ? 150 : climb(200)(minute)), { boot: BOOT[1] }),
      ...samples([0, 400], () => 120, { dyno: 'web.1', boot: BOOT[0] }),
    ];
    const said = sentences(log.join('\n'));
    expect(said[0]).toContain('would have been restarted twice, first after');
    expect(said[1]).toBe('web.1: within its quota of 512 MB for 6.7 h (up to 120 MB); would not have been restarted.');
  });
});
