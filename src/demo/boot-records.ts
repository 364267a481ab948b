import type { LogEntry } from '../testbed/dyno-manager/event-log.ts';
import type { ManagedDyno } from '../testbed/dyno-manager/manager.ts';

/**
 * How a boot ended: `restarted` through the API; `killed` by a signal from outside; `crashed`, ended by itself;
 * `stopped` when the demo ends.
 */
type BootEnd = 'restarted' | 'killed' | 'crashed' | 'stopped';

export interface Sample {
  /** Unix ms. */
  readonly timeMs: number;
  /** RSS and swap of the boot's processes. */
  readonly usageBytes: number;
}

/**
 * One life of a dyno as the dyno manager saw it: what the actuator's restarts are checked against. Times in Unix ms.
 */
export interface BootRecord {
  readonly dyno: string;
  readonly type: string;
  readonly bootId: string;
  /** 1 for the dyno's first boot. */
  readonly number: number;
  readonly startedAtMs: number;
  readonly samples: Sample[];
  /** When the API was asked to restart this very boot. */
  readonly restartRequestsMs: number[];
  endedAtMs: number | null;
  end: BootEnd | null;
  /** Exit code or signal in words. */
  endDetail: string | null;
}

/** Folds the dyno manager's log and measurements into one record for each boot. */
export class BootRecords {
  readonly #byId = new Map<string, BootRecord>();

  get all(): readonly BootRecord[] {
    return [...this.#byId.values()];
  }

  get(bootId: string): BootRecord | undefined {
    return this.#byId.get(bootId);
  }

  /** All boots of the dyno, oldest first. */
  of(dyno: string): readonly BootRecord[] {
    return this.all.filter((boot) => boot.dyno === dyno);
  }

  observe(entry: LogEntry): void {
    if (entry.dyno === null || entry.dynoId === null) return;
    if (entry.event === 'boot') {
      this.#begin(entry.dyno, entry.dynoId, entry.timeMs);
      return;
    }
    const boot = this.#byId.get(entry.dynoId);
    if (boot === undefined) return;
    if (entry.event === 'restart-requested') boot.restartRequestsMs.push(entry.timeMs);
    if (entry.event === 'exit') end(boot, boot.restartRequestsMs.length > 0 ? 'restarted' : 'stopped', entry);
    if (entry.event === 'crashed') end(boot, entry.detail?.startsWith('signal') === true ? 'killed' : 'crashed', entry);
  }

  sample(view: Pick<ManagedDyno, 'dynoId' | 'memoryBytes'>, timeMs: number): void {
    const boot = this.#byId.get(view.dynoId);
    if (boot === undefined || boot.end !== null || view.memoryBytes === null) return;
    boot.samples.push({ timeMs, usageBytes: view.memoryBytes });
  }

  #begin(dyno: string, bootId: string, startedAtMs: number): void {
    this.#byId.set(bootId, {
      dyno,
      type: dyno.slice(0, dyno.lastIndexOf('.')),
      bootId,
      number: this.of(dyno).length + 1,
      startedAtMs,
      samples: [],
      restartRequestsMs: [],
      endedAtMs: null,
      end: null,
      endDetail: null,
    });
  }
}

function end(boot: BootRecord, how: BootEnd, entry: LogEntry): void {
  boot.end = how;
  boot.endedAtMs = entry.timeMs;
  boot.endDetail = entry.detail;
}

/**
 * For how long the boot's memory had been above the limit without a break when it was last seen, or when its restart
 * was requested; in ms. A peak that came back counts as zero, however long it lasted: on a busy machine an attachment
 * may take many times its usual half a second.
 */
export function lastingOverMs(boot: Pick<BootRecord, 'samples' | 'restartRequestsMs'>, limitBytes: number): number {
  const untilMs = boot.restartRequestsMs[0] ?? Number.POSITIVE_INFINITY;
  const samples = boot.samples.filter((sample) => sample.timeMs <= untilMs);
  const lastBelow = samples.findLastIndex((sample) => sample.usageBytes <= limitBytes);
  const first = samples[lastBelow + 1];
  const last = samples.at(-1);
  return first === undefined || last === undefined ? 0 : last.timeMs - first.timeMs;
}

/** The median of the last `count` samples, in bytes; null if there are none. */
export function lastUsageBytes(samples: readonly Sample[], count = 5): number | null {
  const last = samples.slice(-count).map((sample) => sample.usageBytes);
  return last.sort((a, b) => a - b)[Math.floor(last.length / 2)] ?? null;
}
