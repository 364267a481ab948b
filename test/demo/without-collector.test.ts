import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { runDemo } from '../../src/demo/demo.ts';

// An empty cache folder has no Collector in it.
const cache = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
vi.stubEnv('XDG_CACHE_HOME', cache);
const interruption = new AbortController();
afterEach(() => {
  interruption.abort();
  rmSync(cache, { recursive: true });
});

it('the demo without a Collector sees every dyno measured, and ends on Ctrl-C', { timeout: 120_000 }, async () => {
  let text = '';
  const write = (more: string) => {
    text += more;
    // The table of a frame: by then the actuator has answered.
    if (/Open the page/.test(text) && /mailer\.1 boot 1 [^\n]*(warming|healthy)/.test(text)) interruption.abort();
  };
  const screen = { write, isTerminal: true, columns: () => 120, colour: false };
  const plain = { redisUrl: null, isEmbedded: false, jsonEventsPath: null, stay: false };
  expect(await runDemo({ ...screen, ...plain, signal: interruption.signal })).toBe(130);
  expect(text).toContain('Measurements go from the workers straight to the actuator');
  expect(text).toContain('Stopped; ending all processes.');
});
