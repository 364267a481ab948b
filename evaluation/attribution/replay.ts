import type { MemoryReading } from '../../src/instrument/attribution/memory-reading.ts';
import { JobMonitor } from '../../src/instrument/jobs/job-monitor.ts';
import type { JobRun } from '../../src/instrument/jobs/job-run.ts';
import { ATTR_JOB_NAME, JOB_NAME_IDLE } from '../../src/semconv.ts';
import type { RecordedEvent, Recording } from './recording.ts';

const EXPORT_MS = 10_000;

/** Net bytes of each name of a recording, then of `_idle`, by Tidemark: what it would have exported by its end. */
export function tidemark({ plan, events, startRssBytes }: Recording): readonly number[] {
  const first = events[0] as RecordedEvent;
  const world = { reading: readingOf({ ...first, rssBytes: startRssBytes }), nowMs: 0 };
  const monitor = new JobMonitor({
    maxJobNames: 100,
    readMemory: () => world.reading,
    nowMs: () => world.nowMs,
    waitedMs: () => performance.nodeTiming.idleTime,
    onEnd: () => {},
  });
  const netBytes = [...plan.names, JOB_NAME_IDLE].map(() => 0);
  const collect = () => {
    for (const { attributes, netBytes: bytes } of monitor.takeNetChanges()) {
      const jobName = attributes[ATTR_JOB_NAME];
      const name = jobName === JOB_NAME_IDLE ? plan.names.length : plan.names.findIndex(({ name }) => name === jobName);
      netBytes[name] = (netBytes[name] ?? 0) + bytes;
    }
  };
  const running = plan.names.map((): JobRun[] => []);
  let collectedAtMs = 0;
  for (const event of events) {
    world.reading = readingOf(event);
    world.nowMs = event.timeMs;
    const runs = running[event.name];
    if (event.kind === 'start')
      runs?.push(monitor.begin({ queue: 'q', name: plan.names[event.name]?.name ?? '', sandbox: null }));
    // Jobs of one name are alike: which of them ends makes no difference.
    else if (event.kind === 'end') monitor.end(runs?.shift() as JobRun, 'completed');
    else if (event.kind === 'tick') monitor.sample();
    if (event.timeMs - collectedAtMs < (plan.isDemo ? plan.tickMs : EXPORT_MS)) continue;
    collect();
    collectedAtMs = event.timeMs;
  }
  collect();
  return netBytes;
}

function readingOf({ rssBytes, heapBytes, externalBytes }: RecordedEvent): MemoryReading {
  return { rssBytes, heapBytes, externalBytes };
}
