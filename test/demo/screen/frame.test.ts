import { describe, expect, it } from 'vitest';
import { MIB } from '../../../src/demo/plan.ts';
import { Display } from '../../../src/demo/screen/display.ts';
import { type Frame, frameLine, frameLines } from '../../../src/demo/screen/frame.ts';

const FRAME: Frame = {
  elapsedMs: 7_300,
  limitBytes: 512 * MIB,
  softLimitBytes: 0.8 * 512 * MIB,
  dynos: [
    {
      dyno: 'worker.1',
      bootNumber: 2,
      usageBytes: 256 * MIB,
      cells: [{ share: 0.5, newBoot: false }],
      class: 'healthy',
      jobsDone: 12,
      restarts: 1,
    },
    { dyno: 'mailer.1', bootNumber: 1, usageBytes: null, cells: [], class: null, jobsDone: 0, restarts: 0 },
  ],
  jobsDone: 12,
  jobsAdded: 30,
  status: 'watches 2 dynos, none asks for anything',
};

describe('a frame', () => {
  it('shows of each dyno its memory, class, boot, jobs and restarts', () => {
    const lines = frameLines(FRAME, 80, false);
    expect(lines).toContain('worker.1 boot 2  256 MB of 512 MB (50 %)  healthy  12 jobs, restarted 1x');
    expect(lines).toContain('mailer.1 boot 1  memory not known  not seen yet  0 jobs');
    expect(lines.at(-1)).toBe('actuator: watches 2 dynos, none asks for anything');
    expect(lines.join('\n')).toContain('soft limit 410 MB');
  });

  it.each([20, 40, 80, 200])('fits into %i columns', (columns) => {
    const long = { ...FRAME, status: 'x'.repeat(300) };
    for (const line of frameLines(long, columns, false)) expect([...line].length).toBeLessThan(Math.max(columns, 14));
  });

  it('uses colour codes only where colour is wanted', () => {
    expect(frameLines(FRAME, 80, false).join('')).not.toContain('\u001b');
    expect(frameLines(FRAME, 80, true).join('')).toContain('\u001b');
  });

  it('is a line where there is no terminal', () => {
    expect(frameLine(FRAME)).toBe('  7.3 s  worker.1#2 50 % healthy ▄ | mailer.1#1 ? unseen  | 12/30 jobs');
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

  it('writes a line now and then, and every event, where there is no terminal', () => {
    const { written, display } = open(false);
    for (const elapsedMs of [0, 250, 4_900, 5_100]) display.draw({ ...FRAME, elapsedMs });
    display.tell(5_200, 'something happened');
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
    display.tell(0, 'something happened');
    display.draw(FRAME);
    expect(written.at(-1)).not.toContain(`\u001b[${height}A`);
  });

  it('gives the cursor back', () => {
    const { written, display } = open(true);
    display.end();
    expect(written).toEqual(['\u001b[?25l', '\u001b[?25h']);
  });
});
