import { appendFileSync, writeFileSync } from 'node:fs';
import type { LogEntry } from '../testbed/dyno-manager/event-log.ts';

/** One line of `--json-events`: for programs that watch or disturb the demo. */
export type DemoEvent =
  /** A process has started: `redis`, `actuator`, `collector`, or the name of a dyno. */
  | { readonly type: 'process'; readonly name: string; readonly pid: number }
  | { readonly type: 'manager'; readonly entry: LogEntry }
  /** Everything is up, and the jobs are in their queues. */
  | { readonly type: 'ready' }
  | { readonly type: 'announced'; readonly text: string }
  | {
      readonly type: 'verdict';
      readonly ok: boolean;
      readonly faults: readonly string[];
      readonly elapsedMs: number;
    };

/** Writes events to a file as JSON, one per line; without a path it writes nothing. */
export function openEventFile(path: string | null): (event: DemoEvent) => void {
  if (path === null) return () => {};
  writeFileSync(path, '');
  return (event) => appendFileSync(path, `${JSON.stringify({ time_ms: Date.now(), ...event })}\n`);
}
