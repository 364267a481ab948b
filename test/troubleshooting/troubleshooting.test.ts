import { readFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { SCENARIOS as OTHERS } from './scenarios.ts';
import { WORKER_SCENARIOS } from './worker-scenarios.ts';
import { cleanUp, PLACES, type Place } from './world.ts';

const SCENARIOS = { ...WORKER_SCENARIOS, ...OTHERS };

/** Every row of the table is run: the mistake is made, and the real part must say these very words. */

const PAGE = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 300 };

interface Row {
  readonly mistake: string;
  readonly place: string;
  readonly words: string;
}

function rowsOf(page: string): readonly Row[] {
  const lines = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  return lines.slice(1).map((line) => {
    const [mistake = '', place = '', words = ''] = line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim());
    return { mistake, place, words: words.replace(/^`|`$/g, '') };
  });
}

/** `…` stands for anything; a terminal breaks lines where it likes. */
function patternOf(words: string): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(words.split('…').map(literal).join('.*?'));
}

const ROWS = rowsOf(PAGE);
const BY_MISTAKE = Map.groupBy(ROWS, ({ mistake }) => mistake);

afterEach(() => cleanUp('own'));
afterAll(() => cleanUp('all'));

describe('docs/troubleshooting.md', { timeout: 180_000 }, () => {
  it('has rows for each mistake that is run, and no others', () => {
    expect([...BY_MISTAKE.keys()]).toEqual(Object.keys(SCENARIOS));
    for (const { place, words } of ROWS) {
      expect(PLACES).toContain(place);
      expect(words.replace(/…/g, '').length, words).toBeGreaterThan(5);
    }
  });

  it.each([...BY_MISTAKE])('is right about: %s', async (mistake, rows) => {
    const said = await SCENARIOS[mistake]?.();
    for (const { place, words } of rows) {
      const read = said?.[place as Place];
      if (read === undefined) throw new Error(`nothing reads ${place} in "${mistake}"`);
      await vi.waitFor(async () => {
        expect((await read()).replace(/\s+/g, ' ')).toMatch(patternOf(words));
      }, PATIENCE);
    }
  });
});
