import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../src/commands/terminal/commands.ts';
import { SETTING_NAMES } from '../../src/settings/settings.ts';
import { PAGES, proseOf, ROOT, readPage, trackedFiles } from './pages.ts';

const SCRIPTS = ['package.json', 'examples/esm-worker/package.json'].flatMap((file) =>
  Object.keys((JSON.parse(readPage(file)) as { scripts: object }).scripts),
);
/** Sentences that readers stumbled over. The pages that quote a recorded text of an older version are not searched. */
const STUMBLED_OVER = [
  'without which no boot can be found',
  'a Redis without memory gets no points',
  'is steered without HTTP',
  'spikes and saw-teeth are left alone',
  'has decided what you would have',
  'that no time was slept away',
  'is parted among job names',
  'read up on',
  'A quota of nothing',
  'would be restarted, and is not',
];

function anchorsOf(page: string): readonly string[] {
  const headings = proseOf(readPage(page)).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function linksOf(page: string): readonly string[] {
  return [...proseOf(readPage(page)).matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
}

/** What of a link does not exist; null if it leads somewhere, or out of the repository. */
function brokenPart(page: string, target: string): string | null {
  if (/^https?:/.test(target)) return null;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(`${ROOT}${file}`)) return file;
  return anchor === undefined || anchorsOf(file).includes(anchor) ? null : target;
}

describe('the README', () => {
  const readme = readPage('README.md');

  it('has fewer than 1,000 words, its commands included', () => {
    expect(readme.trim().split(/\s+/).length).toBeLessThan(1_000);
  });

  it('goes from the problem over the two commands to evidence, safety and limits', () => {
    const headings = [...proseOf(readme).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      'The problem',
      'Try it',
      'Install',
      'How often it is right',
      'Why a restart is safe',
      'Limits and alternatives',
      'More',
    ]);
  });

  it('names the file that "npm pack" makes', () => {
    const { name, version } = JSON.parse(readPage('package.json')) as { name: string; version: string };
    for (const page of ['README.md', 'docs/getting-started.md', 'examples/README.md'])
      expect(readPage(page)).toContain(`/${name}-${version}.tgz`);
  });

  it('links every page of docs', () => {
    const linked = linksOf('README.md').map((target) => target.split('#')[0]);
    expect(PAGES.filter((page) => page !== 'README.md' && !linked.includes(page))).toEqual([]);
  });
});

describe.each(PAGES)('%s', (page) => {
  it('links only what is there', () => {
    expect(linksOf(page).flatMap((target) => brokenPart(page, target) ?? [])).toEqual([]);
  });

  it('names only settings, commands, scripts and files that exist', () => {
    const text = readPage(page);
    const settings = new Set([...text.matchAll(/\bTIDEMARK_[A-Z_]+\b/g)].map(([name]) => name));
    expect([...settings].filter((name) => !SETTING_NAMES.has(name))).toEqual([]);
    const commands = [
      /(?:`|npx )tidemark ([a-z]+)\b(?! \d| web)/g,
      /(?:-s tidemark -- |dist\/cli\.js )([a-z]+)\b/g,
    ].flatMap((form) => [...text.matchAll(form)].map(([, name]) => name));
    expect(commands.filter((name) => findCommand(name ?? '') === null)).toEqual([]);
    const scripts = [...text.matchAll(/npm run (?:-s |--silent )?([\w:-]+)/g)].map(([, name = '']) => name);
    expect(scripts.filter((name) => !SCRIPTS.includes(name))).toEqual([]);
    const programs = [...text.matchAll(/\bnode ((?:bench|scripts|evaluation|test)\/[\w./-]+)/g)].map(
      ([, path = '']) => path,
    );
    expect(programs.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});

it('no file says what readers stumbled over', () => {
  const files = trackedFiles().filter(
    (file) => /\.(md|ts|js|mjs|json|sh|ya?ml)$/.test(file) && file !== 'test/docs/pages.test.ts',
  );
  const found = files.flatMap((file) => {
    const text = readPage(file);
    return STUMBLED_OVER.filter((words) => text.includes(words)).map((words) => `${file}: ${words}`);
  });
  expect(found).toEqual([]);
});
