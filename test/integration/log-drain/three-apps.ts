import { fileURLToPath } from 'node:url';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { APP } from './both-ways.ts';
import { growing, TINY, TINY_MB } from './growing-app.ts';

const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const BULLMQ_APP = fileURLToPath(new URL('bullmq-app.mjs', import.meta.url));
const EVERY_MS = 100;

/** Level, and from the sixth second on at another level. */
const jump = (from: number, to: number) => [...Array(6).fill(from), to];

export interface ThreeApps {
  /** Where measurements and log lines go. */
  readonly url: string;
  readonly redisUrl: string;
  /** A body of the log drain, as it was sent. */
  readonly onBody: (body: string) => void;
}

/**
 * Starts three kinds of dynos: a BullMQ worker that reports by itself, a job runner in another language and a web dyno,
 * whose memory a Collector next to them would report. Each also logs its memory. `stop` ends all.
 */
export async function startThreeApps({ url, redisUrl, onBody }: ThreeApps): Promise<{ stop(): Promise<void> }> {
  const type = (name: string, command: readonly string[]) => ({ type: name, command, size: TINY.name });
  const manager = await startDynoManager({
    token: 'unused',
    dynoSizes: [TINY],
    logMetricsEveryMs: EVERY_MS,
    logDrains: [{ app: APP, url: `${url.replace('//', '//drain-token@')}/v1/logplex`, repeatEvery: 5, onBody }],
    apps: [
      {
        name: APP,
        formation: [
          type('worker', [process.execPath, '--import', REGISTER, BULLMQ_APP]),
          type('sidekiq', growing(jump(60, 1.3 * TINY_MB))),
          type('web', growing([60])),
        ],
        env: {
          REDIS_URL: redisUrl,
          GROW_TO_MB: String(1.6 * TINY_MB),
          TIDEMARK_LIMIT: `${TINY_MB}MiB`,
          OTEL_EXPORTER_OTLP_ENDPOINT: url,
          OTEL_METRIC_EXPORT_INTERVAL: String(EVERY_MS),
        },
      },
    ],
  });
  const sampling = setInterval(() => void sendMemory(url, manager).catch(() => undefined), EVERY_MS);
  return {
    async stop() {
      clearInterval(sampling);
      await manager.stop();
    },
  };
}

/** What a Collector next to processes in another language would send. */
async function sendMemory(url: string, manager: DynoManager): Promise<void> {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const resourceMetrics = manager
    .dynos()
    .flatMap(({ app, name, type, dynoId, memoryBytes, limitBytes, createdAtMs }) => {
      if (memoryBytes === null || type === 'worker') return [];
      const point = (bytes: number) => [{ timeUnixNano: `${Date.now()}000000`, asInt: String(bytes) }];
      const attributes = [
        attribute('service.name', app),
        attribute('service.instance.id', dynoId),
        attribute('heroku.dyno.name', name),
        attribute('tidemark.dyno.start_time', new Date(createdAtMs).toISOString()),
      ];
      const metrics = [
        { name: 'container.memory.usage', gauge: { dataPoints: point(memoryBytes) } },
        { name: 'tidemark.dyno.memory.limit', gauge: { dataPoints: point(limitBytes) } },
      ];
      return [{ resource: { attributes }, scopeMetrics: [{ metrics }] }];
    });
  const body = JSON.stringify({ resourceMetrics });
  const response = await fetch(`${url}/v1/metrics`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  await response.arrayBuffer();
}
