import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectorOptions, type RunningCollector, startCollector } from '../../testbed/servers/collector.ts';

export interface OwnCollectorOptions extends Omit<CollectorOptions, 'queueDir' | 'ports' | 'overlays'> {
  readonly onStart: (pid: number) => void;
  /** It was killed, and answers again. */
  readonly onReturn: (text: string) => void;
  /** It was killed and cannot be brought back. */
  readonly onLoss: (why: string) => void;
}

/** The Collector that the demo's points go through. */
export interface DemoCollector {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a Collector. When it is killed it comes back on the same ports, with the same queue. */
export async function startOwnCollector(options: OwnCollectorOptions): Promise<DemoCollector> {
  const queueDir = await mkdtemp(join(tmpdir(), 'tidemark-demo-queue-'));
  let stopping = false;
  let collector: RunningCollector;
  try {
    collector = await startCollector({ ...options, queueDir });
  } catch (error) {
    await rm(queueDir, { recursive: true, force: true });
    throw error;
  }
  let returning: Promise<void> = Promise.resolve();

  const watch = (): void => {
    options.onStart(collector.pid);
    void collector.exited.then(() => {
      if (!stopping) returning = bringBack();
    });
  };
  const bringBack = async (): Promise<void> => {
    try {
      collector = await startCollector({ ...options, queueDir, ports: collector.ports });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      options.onLoss(`the Collector ended and could not be started again: ${why}`);
      return;
    }
    options.onReturn('the Collector ended and was started again with its queue');
    watch();
  };

  watch();
  return {
    url: collector.url,
    async stop() {
      stopping = true;
      await returning;
      await collector.stop();
      await rm(queueDir, { recursive: true, force: true });
    },
  };
}
