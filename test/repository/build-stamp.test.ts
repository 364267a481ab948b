import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildPlaces, isBuilt, noteBuilt } from '../../scripts/build/stamp.ts';

let root: string;
let places: BuildPlaces;
const put = (path: string, text: string) => writeFile(join(root, path), text);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'build-stamp-'));
  places = { root, inputs: ['src', 'settings.json'], output: 'dist', stamp: '.tmp/built.json' };
  for (const folder of ['src/deep', 'dist/deep']) await mkdir(join(root, folder), { recursive: true });
  await put('src/deep/a.ts', 'a');
  await put('settings.json', '{}');
  await put('dist/deep/a.js', 'a');
});
afterEach(() => rm(root, { recursive: true }));

describe('a build', () => {
  it('is needed where none was finished', async () => {
    expect(await isBuilt(places)).toBe(false);
  });

  it('is not needed again, also after a checkout that only changed the times of files', async () => {
    await noteBuilt(places);
    await utimes(join(root, 'src/deep/a.ts'), 2_000_000_000, 2_000_000_000);
    expect(await isBuilt(places)).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a source has other text of the same length', () => put('src/deep/a.ts', 'b')],
    ['a source is new', () => put('src/new.ts', '')],
    ['a source is gone', () => rm(join(root, 'src/deep/a.ts'))],
    ['a file of settings has changed', () => put('settings.json', '[]')],
    ['a file of the output is gone', () => rm(join(root, 'dist/deep/a.js'))],
    ['the output is gone', () => rm(join(root, 'dist'), { recursive: true })],
    ['a file of the output was cut', () => put('dist/deep/a.js', '')],
    ['a file of another build is in the output', () => put('dist/b.js', '')],
    ['the stamp is damaged', () => put('.tmp/built.json', '{"inputs"')],
  ])('is needed again where %s', async (_, change) => {
    await noteBuilt(places);
    await change();
    expect(await isBuilt(places)).toBe(false);
  });
});
