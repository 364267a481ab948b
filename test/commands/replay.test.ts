import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { samples } from '../replay/heroku-logs.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const MIB = 2 ** 20;

/** A row every 10 s; `quota` is the file's own. */
function csvOf(minutes: number, usageMb: (minute: number) => number, quota: number | null = null): string {
  const rows = Array.from({ length: minutes * 6 + 1 }, (_, index) => {
    const usage = Math.round(usageMb(index / 6) * MIB);
    return `${1_700_000_000_000 + index * 10_000},${usage},${quota === null ? '' : quota * MIB}`;
  });
  return ['time_ms,rss_bytes,quota_bytes', ...rows, ''].join('\n');
}

const FILES = {
  'flat.csv': csvOf(30, () => 150),
  'own-quota.csv': csvOf(30, () => 150, 1024),
  'short.csv': csvOf(3, () => 150),
  'seconds.csv': csvOf(30, () => 150).replaceAll(/^(\d{10})\d{3},/gm, '$1,'),
  'stairs.csv': csvOf(180, (minute) => 140 + [40, 65, 90, 115].filter((at) => minute >= at).length * 75),
};
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-replay-'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The output as one line: a terminal breaks lines where it likes. */
function replay(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [CLI, 'replay', ...args], { cwd: folder, encoding: 'utf8' });
  return (stdout + stderr).replaceAll(/\s+/g, ' ');
}

it('ends with a sentence where a file never does', { timeout: 120_000 }, () => {
  expect(replay('/dev/zero')).toMatch(/^tidemark: \/dev\/zero: is too large to be read at once \(512 MB at most\)/);
});

describe('the report of a replay', () => {
  it.each([
    [['flat.csv'], 'window of 1 min (--window) and without a quota: no limit is judged. Set it with --quota 512MiB.'],
    [
      ['flat.csv', '--quota', '512MiB', '--window', '30s'],
      'window of 30 s (--window) and a quota of 512 MB (--quota).',
    ],
    [['own-quota.csv', '--quota', '512MiB'], "a quota of 1024 MB (the file's quota_bytes)."],
    [
      ['short.csv'],
      'It lasts 3 min, and nothing is decided before 10 min: for a faster process choose a shorter window.',
    ],
  ])('says which window and quota were used, and how to change them: %j', (args, words) => {
    expect(replay(...args)).toContain(words);
  });

  it('doubts times in seconds, and does not advise a shorter window for them', () => {
    const said = replay('seconds.csv');
    expect(said).toContain('tidemark: seconds.csv: time_ms begins at 1700000000, which looks like seconds');
    expect(said).not.toContain('choose a shorter window');
  });

  it('says that a file is not there, or is a folder', () => {
    expect(replay('nothing.csv')).toContain('nothing.csv: cannot be read (ENOENT): there is no such file');
    expect(replay('.')).toContain('.: cannot be read (EISDIR): it is a folder');
  });

  it('says nothing of the length of a recording that is long enough', () => {
    expect(replay('flat.csv')).not.toContain('It lasts');
  });

  it('agrees with the plot: neither assesses a boot after its restart', () => {
    expect(replay('stairs.csv', '--quota', '512MiB', '--plot', 'out.svg')).toContain('1 restart, after');
    const svg = readFileSync(join(folder, 'out.svg'), 'utf8');
    expect(svg.match(/<g class="restart">/g)).toHaveLength(1);
    expect(svg).toContain('the recording continues without it: drawn here, and not assessed');
    const restartX = Number(/<g class="restart">.*?<line x1="([\d.]+)"/s.exec(svg)?.[1]);
    const bands = [...svg.matchAll(/<g class="band".*?<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    expect(Number(bands.at(-1)?.[1]) + Number(bands.at(-1)?.[2])).toBeCloseTo(restartX, 0);
    const usageXs = /class="usage"[^>]* points="([^"]*)"/
      .exec(svg)?.[1]
      ?.split(' ')
      .map((point) => Number(point.split(',')[0]));
    expect(usageXs?.at(-1)).toBeGreaterThan(restartX);
  });
});

it('says what to do with a file that is too large to be read at once', () => {
  const path = join(folder, 'huge.csv');
  writeFileSync(path, '');
  // A hole, which takes no place on the disk.
  truncateSync(path, 3 * 1024 ** 3);
  expect(replay('huge.csv')).toContain('huge.csv: is too large to be read at once (512 MB at most)');
});

describe('a log that is piped in', () => {
  const over = samples([0, 120], () => 740).join('\n');
  const pipe = (input: string, ...args: readonly string[]) =>
    spawnSync(process.execPath, [CLI, 'replay', '-', ...args], { cwd: folder, encoding: 'utf8', input });

  it('is answered with a sentence for each dyno', () => {
    const { stdout, status } = pipe(over);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /standard input .* worker\.1: over its quota of 512 MB for 2 h of 2 h .*; would have been restarted once/,
    );
  });

  it('is called too short in words that fit a log', () => {
    const said = pipe(samples([0, 4], () => 400).join('\n')).stdout.replaceAll(/\s+/g, ' ');
    expect(said).toContain('It lasts 3.7 min, too little to see a curve: collect some hours with "heroku logs --tail');
    expect(said).not.toContain('nothing is decided before');
  });

  it('is answered to programs as any series is', () => {
    const lines = pipe(over, '--json').stdout.trim().split('\n');
    const [first] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ dyno: 'worker.1', limit_bytes: 512 * MIB });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ summary: true, file: 'standard input' });
  });

  it.each([[''], ['2026-11-29T14:00:00.123456+00:00 app[web.1]: hello\n']])(
    'says what to do without samples: %j',
    (input) => {
      const { stderr, status } = pipe(input);
      expect(status).toBe(2);
      expect(stderr).toContain('heroku labs:enable log-runtime-metrics');
      expect(stderr.includes('this is empty')).toBe(input === '');
    },
  );
});
