import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CURVE_PICTURES, drawCurve, REPLAYS } from '../../scripts/pictures.ts';
import { filmSvg } from '../../src/demo/record/film.ts';
import { Terminal } from '../../src/demo/record/terminal.ts';
import { ROOT, readPage } from './pages.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));

function linesOf(terminal: Terminal): readonly string[] {
  return terminal.screen.map((line) => line.map(({ character }) => character).join(''));
}

describe('the pictures of the pages', () => {
  it.each(CURVE_PICTURES)('show the curve as the detector sees it; "npm run pictures -- %s" writes it', (name) => {
    const path = join(folder, `${name}.svg`);
    drawCurve(name, path);
    expect(readPage(`docs/pictures/${name}.svg`)).toBe(readFileSync(path, 'utf8'));
  });

  it('are drawn by the command that the README gives', () => {
    expect(readPage('README.md')).toContain(`npm run -s tidemark -- ${REPLAYS.bloat} bloat.svg`);
  });

  it('show a run of the demo that closed its loop', () => {
    const demo = readPage('docs/pictures/demo.svg');
    expect(demo).toContain('The loop closed');
    expect(demo).toContain('worker.1 (boot 1) was restarted');
  });

  it('show the page, in a file that loads fast', () => {
    const file = readFileSync(join(ROOT, 'docs/pictures/page.webp'));
    expect(file.subarray(8, 12).toString()).toBe('WEBP');
    expect(file.length).toBeLessThan(150 * 1024);
  });

  it.each([...CURVE_PICTURES, 'demo', 'loop'])(
    'need nothing from elsewhere, and bring their own background: %s',
    (name) => {
      const svg = readPage(`docs/pictures/${name}.svg`);
      expect(svg).not.toMatch(/href|url\((?!#)|<script|<image/);
      expect(svg).toMatch(/<title>.+<\/title>/);
      expect(svg).toMatch(/<rect width="\d+" height="\d+"[^>]* fill="#[0-9a-f]{6}"/);
    },
  );
});

describe('the film of a terminal', () => {
  it('shows what a terminal shows after cursor moves, clearing and scrolling', () => {
    const terminal = new Terminal(10, 3);
    terminal.write('one\ntwo\n\u001b[2A\rONE\u001b[K\n\u001b[Jnew\n');
    expect(linesOf(terminal)).toEqual(['ONE', 'new', '']);
    terminal.write('0123456789abc\nlast');
    expect(linesOf(terminal)).toEqual(['0123456789', 'abc', 'last']);
  });

  it('has one screen for each shot, words as text and blocks as boxes', () => {
    const terminal = new Terminal(20, 2);
    terminal.write('a <b> \u001b[33m▂▂\u001b[0m');
    const shots = [0, 1_000].map((atMs) => ({ atMs, screen: terminal.screen }));
    const svg = filmSvg(shots, { title: 'a film', columns: 20, rows: 2, speed: 1, lastMs: 1_000 });
    expect(svg.match(/>a &#60;b&#62;<\/text>/g)).toHaveLength(2);
    expect(svg.match(/<path fill="#e3b341" d="M\d+ [\d.]+h16v/g)).toHaveLength(2);
    expect(svg).toContain('50.00%{transform:translateY(-58px)}');
  });
});

it("the Procfile starts a command of this package's build", () => {
  const [, command = ''] = /^web: (.+)\n$/.exec(readPage('Procfile')) ?? [];
  const fromSources = command.replace(' node ', ` ${process.execPath} `).replace(/dist\/(.+)\.js/, 'src/$1.ts');
  const { status, stderr } = spawnSync('sh', ['-c', `exec ${fromSources} --port none`], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  // It is the actuator that finds fault with its port.
  expect([status, stderr]).toEqual([2, expect.stringContaining('--port: "none"')]);
});
