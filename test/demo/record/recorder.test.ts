import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Recorder } from '../../../src/demo/record/recorder.ts';

it('a film of the demo ends with the screen as it was when it was saved', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-film-'));
  const recorder = new Recorder();
  recorder.write('the first line\n');
  recorder.write('\u001b[1A\rthe loop closed\u001b[K\n');
  recorder.stop();
  recorder.save(join(folder, 'film.svg'));
  const film = readFileSync(join(folder, 'film.svg'), 'utf8');
  rmSync(folder, { recursive: true });
  expect(film).toMatch(/^<svg .*<title>tidemark demo<\/title>/s);
  expect(film).toContain('>the loop closed</text>');
  expect(film).not.toContain('the first line');
});
