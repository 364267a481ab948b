import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findMemoryLimit } from '../../../src/instrument/memory/memory-limit.ts';

const V2 = 'memory.max';
const V1 = 'memory/memory.limit_in_bytes';
const MIB = 1024 ** 2;

let cgroupRoot: string;
beforeEach(() => {
  cgroupRoot = mkdtempSync(join(tmpdir(), 'tidemark-cgroup-'));
});
afterEach(() => rmSync(cgroupRoot, { recursive: true }));

it.each([
  ['nothing', {}, {}, null],
  [
    'the setting, before all',
    { TIDEMARK_LIMIT: '100MiB', MEMORY_AVAILABLE: '512' },
    { [V2]: `${300 * MIB}` },
    100 * MIB,
  ],
  ['cgroup v2, before v1', {}, { [V2]: `${300 * MIB}\n`, [V1]: `${400 * MIB}\n` }, 300 * MIB],
  ['cgroup v1, before the buildpack', { MEMORY_AVAILABLE: '512' }, { [V1]: '536870912\n' }, 512 * MIB],
  ['the buildpack', { MEMORY_AVAILABLE: '512' }, {}, 512 * MIB],
  ['a v2 without a limit', {}, { [V2]: 'max\n' }, null],
  ['a v1 without a limit', {}, { [V1]: '9223372036854771712\n' }, null],
  ['no limit in v2, one in v1', {}, { [V2]: 'max', [V1]: '1048576' }, MIB],
  ['a setting that is no size', { TIDEMARK_LIMIT: 'lots', MEMORY_AVAILABLE: '512' }, {}, 512 * MIB],
  ["the buildpack's default next to a cgroup without a limit", { MEMORY_AVAILABLE: '512' }, { [V2]: 'max\n' }, null],
  ['another buildpack value next to it', { MEMORY_AVAILABLE: '2560' }, { [V2]: 'max\n' }, 2560 * MIB],
  ["the buildpack's cap, which is the host's memory cut off", { MEMORY_AVAILABLE: '129024' }, {}, null],
  ['the same from a cgroup, which is a quota', {}, { [V1]: `${129024 * MIB}` }, 129024 * MIB],
  ['variables that divide the quota', { WEB_MEMORY: '512', WEB_CONCURRENCY: '2', NODE_MEMORY: '400' }, {}, null],
  ['a v1 limit of 64 KiB pages that is none', {}, { [V1]: '9223372036854710272\n' }, null],
  ['a buildpack value that is none', { MEMORY_AVAILABLE: 'x' }, {}, null],
  ['an empty file', {}, { [V2]: '' }, null],
  ['zero', {}, { [V2]: '0' }, null],
])('finds the limit from %s', (_what, env, files, expected) => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cgroupRoot, path)), { recursive: true });
    writeFileSync(join(cgroupRoot, path), text);
  }
  expect(findMemoryLimit({ env, cgroupRoot })).toBe(expected);
});
