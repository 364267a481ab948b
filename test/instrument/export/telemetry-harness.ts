import { type SdkMeterProvider, Telemetry } from '../../../src/instrument/export/telemetry.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';
import { DynoMemory } from '../../../src/instrument/memory/dyno-memory.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { Voice } from '../../../src/instrument/voice.ts';
import { nativeMemory } from '../attribution/native-memory.ts';
import { memoryProvider } from '../memory/memory-reader.ts';

export function harness(voice = new Voice()) {
  const world = { rss: 1_000_000, nowMs: 0 };
  const monitor: JobMonitor = new JobMonitor({
    maxJobNames: 10,
    readMemory: () => nativeMemory(world.rss),
    nowMs: () => world.nowMs,
    waitedMs: () => performance.nodeTiming.idleTime,
    onBegin: () => telemetry.jobBegins(),
    onEnd: (end) => telemetry.jobEnds(end),
  });
  const canSend = () => telemetry.canSend();
  const dynoMemory = new DynoMemory({ procfs: new Procfs(), env: {}, knownChildren: () => [], canSend });
  const telemetry: Telemetry = new Telemetry({ monitor, dynoMemory, limitBytes: 512 }, voice);
  const runJob = (changeBytes: number, takesMs = 0) => {
    const run = monitor.begin({ queue: 'mails', name: 'send', sandbox: null });
    world.rss += changeBytes;
    world.nowMs += takesMs;
    monitor.end(run, 'completed');
  };
  const failJob = (errorType: string) => {
    const run = monitor.begin({ queue: 'mails', name: 'send', sandbox: null });
    monitor.end(run, 'failed', null, errorType);
  };
  const loseChild = () => {
    const run = monitor.begin({ queue: 'mails', name: 'send', sandbox: 'process' });
    monitor.end(run, 'failed', { netBytes: null, exit: 'signal' });
  };
  return { world, telemetry, runJob, failJob, loseChild };
}

export const canSend = async () => true;
export const giveUp = () => {};

/** A provider whose flush ends when the test says so, or never. */
export function flushable(forceFlush: () => Promise<void>): SdkMeterProvider {
  const { provider } = memoryProvider();
  return { getMeter: (...args) => provider.getMeter(...args), forceFlush };
}
