import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Random } from '../../../evaluation/random.ts';
import type { JobEnd } from '../../../src/instrument/jobs/job-end.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';
import type { JobRun } from '../../../src/instrument/jobs/job-run.ts';
import { nativeMemory } from '../attribution/native-memory.ts';

function harness(maxJobNames = 10) {
  const world = { rss: 1000, now: 0, waitedMs: 0 };
  const ends: JobEnd[] = [];
  const onBegin = vi.fn();
  const monitor = new JobMonitor({
    maxJobNames,
    readMemory: () => nativeMemory(world.rss),
    nowMs: () => world.now,
    waitedMs: () => world.waitedMs,
    onBegin,
    onEnd: (end) => ends.push(end),
  });
  /** Ends a job, and returns what is reported of it. */
  const endOf = (...args: Parameters<JobMonitor['end']>): JobEnd => {
    monitor.end(...args);
    monitor.process();
    return ends.at(-1) as JobEnd;
  };
  return { world, monitor, ends, endOf, onBegin };
}

const job = (name: string, sandbox: 'process' | 'thread' | null = null) => ({ queue: 'mails', name, sandbox });

describe('job monitor', () => {
  it('reports what a job took and did, by name, queue, outcome and attribution', () => {
    const { world, monitor, endOf } = harness();
    const run = monitor.begin(job('send'));
    Object.assign(world, { rss: 1500, now: 250 });
    const { series, ...end } = endOf(run, 'failed');
    expect(end).toEqual({
      durationMs: 250,
      errorType: null,
      growthBytes: 500,
      reclaimedBytes: 0,
      sandboxExit: null,
    });
    expect(series.attributes).toEqual({
      'messaging.system': 'bullmq',
      'messaging.destination.name': 'mails',
      'bullmq.job.name': 'send',
      'bullmq.job.outcome': 'failed',
      'tidemark.attribution': 'exclusive',
    });
  });

  it('says shared where jobs overlapped', () => {
    const { monitor, endOf } = harness();
    const [first, second] = [monitor.begin(job('a')), monitor.begin(job('b'))];
    for (const run of [first, second]) {
      expect(endOf(run, 'completed').series.attributes['tidemark.attribution']).toBe('shared');
    }
  });

  it('keeps a sandboxed job out of the accounts of this process', () => {
    const { world, monitor, endOf } = harness();
    const sandboxed = monitor.begin(job('a', 'process'));
    const own = monitor.begin(job('b'));
    world.rss = 1600;
    expect(endOf(own, 'completed')).toMatchObject({
      growthBytes: 600,
      series: { attributes: { 'tidemark.attribution': 'exclusive' } },
    });
    expect(endOf(sandboxed, 'completed', { netBytes: 7_000, exit: null })).toMatchObject({
      growthBytes: 7_000,
      sandboxExit: null,
      series: { attributes: { 'tidemark.attribution': 'sandboxed' } },
    });
    const changes = monitor
      .takeNetChanges()
      .map(({ attributes, netBytes }) => [attributes['bullmq.job.name'], netBytes]);
    expect(Object.fromEntries(changes)).toEqual({ a: 7_000, b: 600 });
  });

  it('does not know what a child did that died, and says why it died', () => {
    const { monitor, endOf } = harness();
    const run = monitor.begin(job('a', 'process'));
    const end = endOf(run, 'failed', { netBytes: null, exit: 'signal' });
    expect(end).toMatchObject({ growthBytes: null, reclaimedBytes: null, sandboxExit: 'signal' });
    expect(monitor.takeNetChanges()).toEqual([]);
  });

  it('counts a sandboxed job in a thread among those of this process, whose memory it shares', () => {
    const { world, monitor, endOf } = harness();
    const run = monitor.begin(job('a', 'thread'));
    world.rss = 1_500;
    const end = endOf(run, 'completed', { netBytes: null, exit: null });
    expect(end).toMatchObject({
      growthBytes: 500,
      series: { attributes: { 'tidemark.attribution': 'exclusive' } },
    });
  });

  it('counts running jobs per queue, down to zero', () => {
    const { monitor } = harness();
    const run = monitor.begin(job('a'));
    monitor.begin({ queue: 'pictures', name: 'a', sandbox: 'process' as const });
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 1, pictures: 1 });
    monitor.end(run, 'completed');
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 0, pictures: 1 });
  });

  it('counts the job that blocked the event loop until now, which nobody could have seen running', () => {
    const { world, monitor } = harness();
    const other = monitor.begin({ queue: 'pictures', name: 'waits', sandbox: null });
    const run = monitor.begin(job('blocks'));
    world.now = 12_000;
    monitor.end(run, 'completed');
    world.now += 1;
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 1, pictures: 1 });
    monitor.end(other, 'completed');
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 0, pictures: 1 });
    expect(monitor.oldestAgeMs()).toBe(12_001);
    world.waitedMs += 0.01;
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 0, pictures: 0 });
    expect(monitor.oldestAgeMs()).toBe(0);
  });

  it('counts no job that ended before something else blocked the event loop for longer', () => {
    const { world, monitor } = harness();
    const run = monitor.begin(job('short'));
    world.now = 5;
    monitor.end(run, 'completed');
    world.now = 11;
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 0 });
    expect(monitor.oldestAgeMs()).toBe(0);
  });

  it('is right about a real event loop', async () => {
    const monitor = new JobMonitor({
      maxJobNames: 10,
      readMemory: () => nativeMemory(1000),
      nowMs: () => performance.now(),
      waitedMs: () => performance.nodeTiming.idleTime,
      onEnd: () => {},
    });
    const activeIn = (delayMs: number) =>
      new Promise((resolve) => setTimeout(() => resolve(monitor.active().get('mails')), delayMs));
    const run = monitor.begin(job('blocks'));
    const whileItBlocked = activeIn(5);
    const until = performance.now() + 50;
    while (performance.now() < until);
    monitor.end(run, 'completed');
    expect(await whileItBlocked).toBe(1);
    expect(await activeIn(20)).toBe(0);
  });

  it.each([null, 'thread', 'process'] as const)(
    'knows the age of its oldest job, until that ends (sandbox: %s)',
    (sandbox) => {
      const { world, monitor } = harness();
      expect(monitor.oldestAgeMs()).toBe(0);
      const long = monitor.begin(job('long', sandbox));
      world.now = 5000;
      const short = monitor.begin({ queue: 'pictures', name: 'short', sandbox: null });
      world.now = 5010;
      monitor.end(short, 'completed');
      const next = monitor.begin(job('next'));
      world.now = 6000;
      expect(monitor.oldestAgeMs()).toBe(6000);
      monitor.end(long, 'failed', sandbox === null ? null : { netBytes: null, exit: 'signal' });
      world.waitedMs += 1;
      expect(monitor.oldestAgeMs()).toBe(990);
      monitor.end(next, 'cancelled');
      world.now = 7000;
      expect(monitor.oldestAgeMs()).toBe(0);
    },
  );

  it('records what a job took and gave back again, where it was looked at meanwhile', () => {
    const { world, monitor, endOf } = harness();
    const run = monitor.begin(job('a'));
    Object.assign(world, { rss: 90_001_000, now: 100 });
    expect(monitor.sample()).toBe(true);
    Object.assign(world, { rss: 11_000, now: 200 });
    expect(endOf(run, 'completed')).toMatchObject({ growthBytes: 90_000_000, reclaimedBytes: 89_990_000 });
    expect(monitor.sample()).toBe(false);
  });

  it('splits an estimate among the outcomes of a name', () => {
    const { world, monitor } = harness();
    const [first, second, other] = [monitor.begin(job('a')), monitor.begin(job('a')), monitor.begin(job('b'))];
    world.now = 10;
    monitor.end(other, 'completed');
    world.now = 20;
    world.rss += 1001;
    monitor.end(first, 'completed');
    monitor.end(second, 'failed');
    const byOutcome = new Map<unknown, number>();
    for (const { attributes, netBytes } of monitor.takeNetChanges()) {
      if (attributes['bullmq.job.name'] === 'a') byOutcome.set(attributes['bullmq.job.outcome'], netBytes);
    }
    expect([...byOutcome.values()].map((bytes) => Math.round(bytes / 10))).toEqual([50, 50]);
  });

  it('puts change while no job ran, before the first one too, on _idle', () => {
    const { world, monitor } = harness();
    world.rss = 1040;
    expect(monitor.takeNetChanges()).toEqual([
      { netBytes: 40, attributes: { 'messaging.system': 'bullmq', 'bullmq.job.name': '_idle' } },
    ]);
    expect(monitor.takeNetChanges()).toEqual([]);
  });

  it('gives names beyond the cap one name', () => {
    const { monitor, endOf } = harness(1);
    const names = ['a', 'b', 'c'].map(
      (name) => endOf(monitor.begin(job(name)), 'completed').series.attributes['bullmq.job.name'],
    );
    expect(names).toEqual(['a', '_other', '_other']);
  });

  it('does not mix up names and queues that read alike when joined', () => {
    const { monitor, endOf } = harness();
    const one = endOf(monitor.begin({ queue: 'c', name: 'ab', sandbox: 'process' as const }), 'completed');
    const other = endOf(monitor.begin({ queue: 'bc', name: 'a', sandbox: 'process' as const }), 'completed');
    expect(other.series.attributes).not.toEqual(one.series.attributes);
  });

  it('loses nothing where there are more names and queues than are kept apart', () => {
    const { world, monitor } = harness(1000);
    let net = 0;
    for (let round = 0; round < 3; round += 1) {
      const runs = Array.from({ length: 300 }, (_, name) => monitor.begin(job(`name-${name}`)));
      for (const run of runs) {
        Object.assign(world, { now: world.now + 1, rss: world.rss + 1_000 });
        monitor.end(run, 'completed');
      }
      for (const { netBytes } of monitor.takeNetChanges()) net += netBytes;
    }
    expect(net).toBe(900_000);
  });

  it('makes the net of all names and _idle the change of the process, exactly', () => {
    const step = fc.record({
      rss: fc.integer({ min: 0, max: 2 ** 40 }),
      start: fc.boolean(),
      take: fc.boolean(),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { world, monitor } = harness();
        const running: JobRun[] = [];
        let net = 0;
        const take = () => {
          for (const change of monitor.takeNetChanges()) net += change.netBytes;
        };
        for (const { rss, start, take: takes, pick } of steps) {
          world.rss = rss;
          const [ended] = start ? [] : running.splice(pick % Math.max(running.length, 1), 1);
          if (start) running.push(monitor.begin(job(`name-${pick % 5}`)));
          else if (ended !== undefined) monitor.end(ended, 'completed');
          if (takes) take();
        }
        for (const run of running) monitor.end(run, 'completed');
        take();
        expect(net).toBe(world.rss - 1000);
      }),
    );
  });

  it('gets the same from starts and ends processed in batches as one by one', () => {
    const step = fc.record({
      rss: fc.integer({ min: 0, max: 2 ** 33 }),
      passedMs: fc.constantFrom(0, 0.05, 1, 20),
      what: fc.constantFrom('start', 'start', 'end', 'end', 'sample'),
      sandbox: fc.constantFrom(null, null, 'thread' as const, 'process' as const),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const play = (after: (monitor: JobMonitor) => void) => {
          const { world, monitor, ends } = harness();
          const running: JobRun[] = [];
          for (const { rss, passedMs, what, sandbox, pick } of steps) {
            Object.assign(world, { rss, now: world.now + passedMs });
            const [ended] = what === 'end' ? running.splice(pick % Math.max(running.length, 1), 1) : [];
            if (what === 'start') running.push(monitor.begin(job(`name-${pick % 3}`, sandbox)));
            else if (what === 'sample') monitor.sample();
            else if (ended !== undefined) monitor.end(ended, pick % 2 === 0 ? 'completed' : 'failed');
            after(monitor);
          }
          const changes = monitor.takeNetChanges();
          const reported = ends.map(({ series, ...end }) => ({ ...end, attributes: series.attributes }));
          return { changes, reported: reported.map((end) => JSON.stringify(end)).sort() };
        };
        expect(play(() => {})).toEqual(play((monitor) => monitor.process()));
      }),
    );
  });

  it('processes a full batch by itself, and loses nothing', () => {
    const { world, monitor, ends } = harness();
    for (let count = 0; count < 1000; count += 1) {
      const runs = ['a', 'b', 'c'].map((name) => monitor.begin(job(name)));
      Object.assign(world, { now: world.now + 1, rss: world.rss + 100 });
      for (const run of runs) monitor.end(run, 'completed');
    }
    expect(ends.length).toBeGreaterThan(2_500);
    monitor.process();
    expect(ends).toHaveLength(3_000);
    const net = monitor.takeNetChanges().reduce((sum, { netBytes }) => sum + netBytes, 0);
    expect(net).toBe(100_000);
  });

  it('reports that jobs begin once, until starts and ends are processed', () => {
    const { monitor, onBegin } = harness();
    const run = monitor.begin(job('a'));
    monitor.begin(job('b'));
    expect(onBegin).toHaveBeenCalledTimes(1);
    monitor.process();
    // An end alone reports nothing, and does not keep the next start from being reported.
    monitor.end(run, 'completed');
    expect(onBegin).toHaveBeenCalledTimes(1);
    monitor.begin(job('c'));
    expect(onBegin).toHaveBeenCalledTimes(2);
  });

  it('reports the next job that begins after a sample that found none running', () => {
    const { monitor, onBegin } = harness();
    monitor.end(monitor.begin(job('a')), 'completed');
    expect(monitor.sample()).toBe(false);
    monitor.begin(job('b'));
    expect(onBegin).toHaveBeenCalledTimes(2);
  });

  it('reports the other jobs of a batch if one cannot be recorded', () => {
    const reported: unknown[] = [];
    const monitor = new JobMonitor({
      maxJobNames: 10,
      readMemory: () => nativeMemory(1000),
      nowMs: () => 0,
      waitedMs: () => 0,
      onEnd: ({ series }) => {
        const name = series.attributes['bullmq.job.name'];
        if (name === 'b') throw new Error('no room');
        reported.push(name);
      },
    });
    for (const name of ['a', 'b', 'c']) monitor.end(monitor.begin(job(name)), 'completed');
    monitor.process();
    expect(reported).toEqual(['a', 'c']);
  });
});

describe('what running jobs hold', () => {
  it('is estimated from how high memory stands after collections', () => {
    const MB = 1e6;
    const random = new Random(1);
    const world = { heldBytes: 0, garbageBytes: 0, keptBytes: 0, now: 0 };
    const externalBytes = () => world.heldBytes + world.garbageBytes + world.keptBytes;
    const monitor = new JobMonitor({
      maxJobNames: 9,
      readMemory: () => ({ rssBytes: externalBytes(), heapBytes: 0, externalBytes: externalBytes() }),
      nowMs: () => world.now,
      waitedMs: () => world.now,
      onEnd: () => {},
    });
    const running: { readonly holdsBytes: number; readonly run: JobRun }[] = [];
    for (let job = 0; job < 2000; job += 1) {
      const atATime = 10 + (job % 100 < 50 ? 10 : 0);
      while (running.length < atATime) {
        const name = random.pick(['holds', 'light']);
        const holdsBytes = name === 'holds' ? 4 * MB : 0;
        running.push({ holdsBytes, run: monitor.begin({ queue: 'q', name, sandbox: null }) });
        world.heldBytes += holdsBytes;
      }
      const [{ holdsBytes, run }] = running.splice(random.whole(0, running.length - 1), 1) as [(typeof running)[0]];
      world.now += 10;
      world.heldBytes -= holdsBytes;
      world.garbageBytes += holdsBytes;
      world.keptBytes += MB / 10;
      // Not in step with the bursts of 10 starts.
      if (job % 20 === 7) world.garbageBytes = 0;
      monitor.end(run, 'completed');
    }
    monitor.takeNetChanges();
    const heldBytes = monitor.held().get('q') ?? 0;
    expect(Math.abs(heldBytes - world.heldBytes) / world.heldBytes).toBeLessThan(0.3);
  });
});
