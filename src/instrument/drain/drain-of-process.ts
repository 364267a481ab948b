import { ATTR_HEROKU_APP_NAME, ATTR_HEROKU_DYNO_ID } from '../../semconv.ts';
import { type DrainedBoot, drainKeyNames } from '../../shared/drain-messages.ts';
import { memoryReportKeyNames } from '../../shared/memory-report-messages.ts';
import { herokuAttributes } from '../identity/heroku-detector.ts';
import { processId } from '../identity/process-id.ts';
import { processRole } from '../identity/process-role.ts';
import { MemoryReporter } from '../memory-report/memory-reporter.ts';
import { readWorkerSettings } from '../settings.ts';
import { ProcessDrain } from './worker-drain.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The drain of this thread. Null if no drain can be addressed to this boot: outside a dyno, in an app without a name,
 * and in a sandbox, whose jobs are counted by its parent.
 */
export function drainOfProcess(env: Environment, nowMs: () => number): ProcessDrain | null {
  if (processRole() === 'sandbox') return null;
  const { [ATTR_HEROKU_APP_NAME]: app, [ATTR_HEROKU_DYNO_ID]: bootId } = herokuAttributes(env);
  if (app === undefined || bootId === undefined) return null;
  const boot: DrainedBoot = { app, bootId };
  const keys = drainKeyNames(boot);
  if (keys === null) return null;
  const reporter = readWorkerSettings(env).memoryReport ? reporterOf(boot, nowMs) : null;
  return new ProcessDrain({ keys, processId: processId(), reporter, nowMs });
}

function reporterOf(boot: DrainedBoot, nowMs: () => number): MemoryReporter | null {
  const keys = memoryReportKeyNames(boot);
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  return keys === null ? null : new MemoryReporter({ keys, processId: processId(), threadId, root: root(), nowMs });
}

/** Where the application was started: on Heroku the directory of its package. */
function root(): string {
  try {
    return process.cwd();
  } catch {
    return '/app';
  }
}
