import { parentPort, workerData } from 'node:worker_threads';
import { DynoReporter } from '../../../src/instrument/memory/dyno-reporter.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';

/** A thread that plays a process of a dyno, and asks at the same moment as `processes` others. */
export interface ReporterThreadData {
  readonly dynoId: string;
  readonly folder: string;
  readonly procRoot: string;
  readonly pid: number;
  readonly processes: number;
  /** How many are ready. */
  readonly ready: Int32Array;
}

const { dynoId, folder, procRoot, pid, processes, ready } = workerData as ReporterThreadData;
const reporter = new DynoReporter({ dynoId, folder, procfs: new Procfs(procRoot), pid });
Atomics.add(ready, 0, 1);
while (Atomics.load(ready, 0) < processes);
const isReporter = reporter.isReporter();
// The exit of a thread releases the role: only once all have asked.
parentPort?.once('message', () => {});
parentPort?.postMessage(isReporter);
