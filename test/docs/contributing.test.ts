import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CURVE_PICTURES } from '../../scripts/pictures.ts';
import { ROOT, readPage } from './pages.ts';

const PAGE = readPage('CONTRIBUTING.md');
const SCRIPTS = (JSON.parse(readPage('package.json')) as { scripts: Record<string, string> }).scripts;
const CI = readPage('.ci/run');

/** The commands in `code` of the section under this heading, to the next one of the same rank or above. */
function commandsOf(heading: string): readonly string[] {
  const [rank = ''] = heading.split(' ');
  const [, rest = ''] = PAGE.split(`\n${heading}\n`);
  const [section = ''] = rest.split(new RegExp(`\n#{1,${rank.length}} `));
  return [...section.matchAll(/`((?:npm|npx|node|bash) [^`]+)`/g)].map(([, command = '']) => command);
}

const scriptOf = (command: string) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? null;
const runs = (script: string) => new RegExp(`npm run (--silent )?${script}(?![\\w:-])`).test(CI);

describe('the commands of CONTRIBUTING.md', () => {
  it.each(commandsOf('### What CI runs too'))('are run by CI: %s', (command) => {
    const script = scriptOf(command);
    if (script !== null) expect(runs(script)).toBe(true);
    else if (command.startsWith('npx vitest run '))
      expect(existsSync(`${ROOT}${command.split(' ').at(-1)}`)).toBe(true);
    else expect(CI).toContain(command);
  });

  const byHand = [...commandsOf('### By hand'), ...commandsOf('## How to release')];
  it.each(byHand)('exist, with their options: %s', (command) => {
    const script = scriptOf(command);
    const line = script === null ? command : SCRIPTS[script];
    expect(line, 'a script of package.json').toBeDefined();
    const [program] = /\b[\w/.-]+\.ts\b/.exec(line ?? '') ?? [];
    if (program === undefined) return;
    const source = readPage(program);
    for (const [, flag = ''] of command.matchAll(/ --(\w[\w-]*)/g)) expect(source).toMatch(new RegExp(`\\b${flag}\\b`));
  });

  it('name every script', () => {
    const unnamed = Object.keys(SCRIPTS).filter((script) => !PAGE.includes(`npm run ${script}`));
    // npm runs the first by itself; the second is for users.
    expect(unnamed).toEqual(['prepare', 'tidemark']);
  });

  it('draw all curves', () => {
    expect(PAGE).toContain(`npm run pictures -- ${CURVE_PICTURES.join(' ')}\``);
  });

  it('lie in files and folders that exist', () => {
    const named = [...PAGE.matchAll(/`((?:src|test|bench|evaluation|scripts|docs|examples)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    // `npm run docs:api` makes it.
    expect(named.filter((path) => path !== 'docs/api' && !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});
