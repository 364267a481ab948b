import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DynoReporter } from '../../../src/instrument/memory/dyno-reporter.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { FakeProcfs } from './fake-procfs.ts';
import type { ReporterThreadData } from './reporter-thread.ts';

const SIBLING = 900_001;
const INTERVAL_MS = 10_000;

let fake: FakeProcfs;
let folder: string;
let nowMs: number;
const made: DynoReporter[] = [];
beforeEach(() => {
  fake = new FakeProcfs();
  fake.add(1, { parent: 0 });
  fake.add(process.pid, { parent: 1, startTicks: 100 });
  fake.add(SIBLING, { parent: 1, startTicks: 200 });
  folder = mkdtempSync(join(tmpdir(), 'tidemark-reporter-test-'));
  nowMs = 1_700_000_000_000;
});
afterEach(() => {
  for (const reporter of made.splice(0)) reporter.release();
  fake.remove();
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

const file = (dynoId = 'boot') => join(folder, `tidemark-reporter-${dynoId}`);

function reporterOf(dynoId = 'boot', { at = folder, pid = process.pid } = {}): DynoReporter {
  const reporter = new DynoReporter({ dynoId, procfs: new Procfs(fake.root), folder: at, pid, nowMs: () => nowMs });
  made.push(reporter);
  return reporter;
}

/** What another process of the dyno does at its export. */
function reports(pid: number, startTicks: number): void {
  writeFileSync(file(), `${pid} ${startTicks}\n`);
  utimesSync(file(), nowMs / 1000, nowMs / 1000);
}

describe('the reporter of a dyno', () => {
  it('is the first process that asks, at every export again', async () => {
    const reporter = reporterOf();
    expect(reporter.isReporter()).toBe(true);
    nowMs += INTERVAL_MS;
    expect(reporter.isReporter()).toBe(true);
  });

  it('is one only, while it reports', async () => {
    const reporter = reporterOf();
    for (let count = 0; count < 10; count++) {
      reports(SIBLING, 200);
      expect(reporter.isReporter()).toBe(false);
      nowMs += INTERVAL_MS;
    }
  });

  it('is a single process when several ask at the same moment', async () => {
    const pids = [900_001, 900_002, 900_003, 900_004];
    const shared = { dynoId: 'boot', folder, procRoot: fake.root, processes: pids.length };
    const ready = new Int32Array(new SharedArrayBuffer(4));
    const threads = pids.map((pid) => {
      fake.add(pid, { parent: 1 });
      const workerData: ReporterThreadData = { ...shared, pid, ready };
      return new Worker(new URL('./reporter-thread.ts', import.meta.url), { workerData });
    });
    const chosen = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0]));
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(chosen.filter((isReporter) => isReporter)).toHaveLength(1);
  });

  it('is one of each dyno of a machine', async () => {
    expect(reporterOf('boot-1').isReporter()).toBe(true);
    expect(reporterOf('boot-2').isReporter()).toBe(true);
  });

  it.each([
    ['was killed', () => rmSync(join(fake.root, String(SIBLING)), { recursive: true })],
    ['was killed and its parent has not noticed', () => fake.add(SIBLING, { parent: 1, startTicks: 200, state: 'Z' })],
    ['was killed and its pid is used again', () => fake.add(SIBLING, { parent: 1, startTicks: 300 })],
    ['has given its place up', () => rmSync(file())],
  ])('is replaced at once when it %s', async (_what, end) => {
    reports(SIBLING, 200);
    const reporter = reporterOf();
    expect(reporter.isReporter()).toBe(false);
    end();
    nowMs += INTERVAL_MS;
    expect(reporter.isReporter()).toBe(true);
  });

  it('is replaced when it lives and has not reported for three intervals, and then silent', async () => {
    reports(SIBLING, 200);
    const reporter = reporterOf();
    const answers: boolean[] = [];
    for (let interval = 0; interval < 6; interval++) {
      answers.push(reporter.isReporter());
      nowMs += INTERVAL_MS;
    }
    expect(answers).toEqual([false, false, false, false, true, true]);
    expect(reporterOf('boot', { pid: SIBLING }).isReporter()).toBe(false);
  });

  it('is not taken to be late by a process that was asked twice in a row', async () => {
    reports(SIBLING, 200);
    const reporter = reporterOf();
    reporter.isReporter();
    nowMs += 12_000;
    reporter.isReporter();
    nowMs += 10;
    expect(reporter.isReporter()).toBe(false);
  });

  it('is a process that stopped for long no more: another has its place', async () => {
    const reporter = reporterOf();
    expect(reporter.isReporter()).toBe(true);
    nowMs += 10 * INTERVAL_MS;
    reports(SIBLING, 200);
    expect(reporter.isReporter()).toBe(false);
    reporter.release();
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('leaves nothing behind when it gives its place up', async () => {
    const reporter = reporterOf();
    reporter.isReporter();
    reporter.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(process.listeners('exit').filter((listener) => listener.name.includes('release'))).toEqual([]);
  });

  it('may have any id', async () => {
    expect(reporterOf(`../a/b ${'x'.repeat(500)}`).isReporter()).toBe(true);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

describe('a dyno without a folder to write to', () => {
  it.each([
    ['is not there', 'none'],
    ['holds something else under the name', '.'],
  ])('is reported by each process, which says so once: it %s', async (_what, at) => {
    mkdirSync(file());
    const warn = vi.spyOn(diag, 'warn');
    const reporter = reporterOf('boot', { at: join(folder, at) });
    expect(reporter.isReporter()).toBe(true);
    expect(reporter.isReporter()).toBe(true);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/every process .* reports .* the whole dyno/));
    reporter.release();
  });
});
