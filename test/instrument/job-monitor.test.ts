import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobMonitor, type JobRun } from '../../src/instrument/job-monitor.ts';

function harness(maxJobNames = 10) {
  const world = { rss: 1000, now: 0 };
  const monitor = new JobMonitor({ maxJobNames, readRssBytes: () => world.rss, nowMs: () => world.now });
  return { world, monitor };
}

const job = (name: string, sandboxed = false) => ({ queue: 'mails', name, sandboxed });

describe('job monitor', () => {
  it('tells what a job took and did, by name, queue, outcome and attribution', () => {
    const { world, monitor } = harness();
    const run = monitor.begin(job('send'));
    Object.assign(world, { rss: 1500, now: 250 });
    expect(monitor.end(run, 'failed')).toEqual({
      durationMs: 250,
      netBytes: 500,
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.destination.name': 'mails',
        'bullmq.job.name': 'send',
        'bullmq.job.outcome': 'failed',
        'tidemark.attribution': 'exclusive',
      },
    });
  });

  it('says shared where jobs overlapped', () => {
    const { monitor } = harness();
    const [first, second] = [monitor.begin(job('a')), monitor.begin(job('b'))];
    for (const run of [first, second]) {
      expect(monitor.end(run, 'completed').attributes['tidemark.attribution']).toBe('shared');
    }
  });

  it('keeps a sandboxed job out of the accounts of this process', () => {
    const { world, monitor } = harness();
    const sandboxed = monitor.begin(job('a', true));
    const own = monitor.begin(job('b'));
    world.rss = 1600;
    expect(monitor.end(own, 'completed')).toMatchObject({
      netBytes: 600,
      attributes: { 'tidemark.attribution': 'exclusive' },
    });
    expect(monitor.end(sandboxed, 'completed')).toMatchObject({
      netBytes: null,
      attributes: { 'tidemark.attribution': 'sandboxed' },
    });
  });

  it('counts running jobs per queue, down to zero', () => {
    const { monitor } = harness();
    const run = monitor.begin(job('a'));
    monitor.begin({ queue: 'pictures', name: 'a', sandboxed: true });
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 1, pictures: 1 });
    monitor.end(run, 'completed');
    expect(Object.fromEntries(monitor.active())).toEqual({ mails: 0, pictures: 1 });
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
    const { monitor } = harness(1);
    const names = ['a', 'b', 'c'].map(
      (name) => monitor.end(monitor.begin(job(name)), 'completed').attributes['bullmq.job.name'],
    );
    expect(names).toEqual(['a', '_other', '_other']);
  });

  it('does not mix up names and queues that read alike when joined', () => {
    const { monitor } = harness();
    const one = monitor.end(monitor.begin({ queue: 'c', name: 'ab', sandboxed: true }), 'completed');
    const other = monitor.end(monitor.begin({ queue: 'bc', name: 'a', sandboxed: true }), 'completed');
    expect(other.attributes).not.toEqual(one.attributes);
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
});
