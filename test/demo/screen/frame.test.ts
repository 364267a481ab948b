import { describe, expect, it } from 'vitest';
import { MIB } from '../../../src/demo/plan.ts';
import { Display } from '../../../src/demo/screen/display.ts';
import { type Frame, frameLine, frameLines } from '../../../src/demo/screen/frame.ts';
import { boot } from '../boots.ts';

const RESTARTED = boot([], { restartRequestsMs: [1_000], end: 'restarted' });

const FRAME: Frame = {
  startedAtMs: 0,
  elapsedMs: 7_300,
  limitBytes: 512 * MIB,
  softLimitBytes: 0.8 * 512 * MIB,
  dynos: [
    {
      dyno: 'worker.1',
      usageBytes: 256 * MIB,
      boots: [RESTARTED, boot([256, 256], { number: 2, startedAtMs: 6_000 })],
      class: 'healthy',
      jobsDone: 12,
    },
    { dyno: 'mailer.1', boots: [boot([])], usageBytes: null, class: null, jobsDone: 0 },
  ],
  jobsDone: 12,
  jobsAdded: 30,
  status: 'watches 2 dynos; none needs a restart',
};

describe('a frame', () => {
  it('shows the memory, class, boot, jobs and restarts of each dyno', () => {
    const lines = frameLines(FRAME, 80, false);
    expect(lines).toContain('worker.1 boot 2  256 MB of 512 MB (50 %)  healthy  12 jobs, restarted 1x');
    expect(lines).toContain('mailer.1 boot 1  memory not known  not seen yet  0 jobs');
    expect(lines.at(-1)).toBe('actuator: watches 2 dynos; none needs a restart');
    expect(lines.join('\n')).toContain('soft limit 410 MB');
  });

  it.each([20, 40, 80, 200])('fits into %i columns', (columns) => {
    const long = { ...FRAME, status: `${'x'.repeat(300)} ${'many words '.repeat(30)}` };
    for (const line of frameLines(long, columns, false)) expect([...line].length).toBeLessThan(Math.max(columns, 14));
  });

  it('fills a wide terminal with finer cells of the same run', () => {
    const late = { ...FRAME, elapsedMs: 41_000 };
    const filled = (columns: number) =>
      Math.max(...frameLines(late, columns, false).map((line) => line.lastIndexOf('▂')));
    expect([filled(80), filled(140)]).toEqual([31, 61]);
  });

  it('calls a dyno over its soft limit high, and not healthy, until the actuator has decided', () => {
    const [row] = FRAME.dynos;
    if (row === undefined) throw new Error('the frame has no dyno');
    const shown = (name: string) =>
      frameLines({ ...FRAME, dynos: [{ ...row, usageBytes: 476 * MIB, class: name }] }, 80, false)[2];
    expect(shown('healthy')).toContain('476 MB of 512 MB (93 %)  high: will it stay?  12 jobs');
    expect(shown('bloat')).toContain('(93 %)  bloat  12 jobs');
  });

  it('uses colour codes only if colour is wanted', () => {
    expect(frameLines(FRAME, 80, false).join('')).not.toContain('\u001b');
    expect(frameLines(FRAME, 80, true).join('')).toContain('\u001b');
  });

  it('is a line without a terminal', () => {
    expect(frameLine(FRAME)).toBe(
      '  7.3 s  worker.1#2 50 % healthy ▄▄▄▄▄▄│▄ | mailer.1#1 ? not seen yet  | 12/30 jobs',
    );
  });
});

describe('the display', () => {
  function open(isTerminal: boolean) {
    const written: string[] = [];
    const write = (text: string) => void written.push(text);
    return {
      written,
      display: new Display({ write, isTerminal, columns: () => 80, colour: false, lineEveryMs: 5_000 }),
    };
  }

  it('writes a line every 5 s, and every event, without a terminal', () => {
    const { written, display } = open(false);
    for (const elapsedMs of [0, 250, 4_900, 5_100]) display.draw({ ...FRAME, elapsedMs });
    display.announce(5_200, 'something happened');
    expect(written).toHaveLength(3);
    expect(written.at(-1)).toBe('  5.2 s  something happened\n');
    expect(written.join('')).not.toContain('\u001b');
  });

  it('draws over its last frame on a terminal, and leaves events standing', () => {
    const { written, display } = open(true);
    const height = frameLines(FRAME, 80, false).length;
    display.draw(FRAME);
    display.draw(FRAME);
    expect(written.at(-1)).toContain(`\u001b[${height}A`);
    display.announce(0, 'something happened');
    display.draw(FRAME);
    expect(written.at(-1)).not.toContain(`\u001b[${height}A`);
  });

  it('breaks events and the summary between words, one column before the edge', () => {
    const { written, display } = open(true);
    display.announce(0, 'a word or two '.repeat(12));
    display.print(`${'more words '.repeat(20)}\n\nend\n`);
    const lines = written.slice(1).join('').replaceAll('\u001b[J', '').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
    expect(lines[1]).toMatch(/^ {9}\S/);
    expect(lines.slice(-3)).toEqual(['', 'end', '']);
  });

  it('gives the cursor back', () => {
    const { written, display } = open(true);
    display.end();
    expect(written).toEqual(['\u001b[?25l', '\u001b[?25h']);
  });
});
