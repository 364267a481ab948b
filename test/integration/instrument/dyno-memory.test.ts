import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { POINTS_STREAM_KEY } from '../../../src/semconv.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { AppFolder, Receiver, runApp } from './instrument-harness.ts';

const IMPORT = ['--import', 'tidemark/register'];
const OFTEN = { OTEL_METRIC_EXPORT_INTERVAL: '1000' };
/** A PID namespace with its own procfs, as a dyno has one. */
const CONTAINER = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
const HELD_BYTES = 150e6;
const HOLD = `const held = Buffer.alloc(${HELD_BYTES}, 1); setInterval(() => held[0]++, 1000)`;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

interface Setting {
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly redisUrl?: string;
}

async function launch({ command = process.execPath, args, env = {}, redisUrl = inject('redisUrl') }: Setting) {
  const receiver = new Receiver();
  const receiverUrl = await receiver.start();
  undo.push(() => receiver.stop());
  const folder = new AppFolder();
  undo.push(() => folder.remove());
  const dynoId = randomUUID();
  const app = runApp({ folder, command, args, redisUrl, receiverUrl, env: { HEROKU_DYNO_ID: dynoId, ...env } });
  undo.push(async () => {
    app.stop();
    await app.exited;
  });
  const instance = (resource: Readonly<Record<string, string | undefined>>) => resource['service.instance.id'];
  const usage = () =>
    receiver
      .of('tidemark.dyno.memory.usage')
      .filter(({ attributes }) => attributes['tidemark.memory.state'] === 'resident')
      .map(({ resource, value }) => ({ from: instance(resource), value }));
  const exporters = () => new Set(receiver.of('process.memory.usage').map(({ resource }) => instance(resource)));
  const reporterPid = () =>
    Number(readFileSync(join(folder.path, `tidemark-reporter-${dynoId}`), 'utf8').split(' ', 1)[0]);
  return { receiver, usage, exporters, reporterPid };
}

describe('a dyno that is a container', () => {
  it('reports what was left to PID 1 with an environment of its own', async () => {
    const orphan = `env -i "$0" -e '${HOLD}' &`;
    const script = `${orphan} "$0" ${IMPORT.join(' ')} processes/idle.mjs; exit $?`;
    const args = [...CONTAINER, 'sh', '-c', script, process.execPath];
    const { receiver, usage } = await launch({ command: 'unshare', args, env: OFTEN });
    await receiver.until(() => usage().some(({ value }) => value > HELD_BYTES));
  });
});

describe('a dyno of several processes', () => {
  it('is reported as a whole by one of them, even if only their parent is large and has no Tidemark', async () => {
    const { receiver, usage, exporters } = await launch({ args: ['processes/forks.mjs'], env: OFTEN });
    await receiver.until(() => exporters().size === 2 && usage().length > 2);
    expect(new Set(usage().map(({ from }) => from)).size).toBe(1);
    expect(Math.min(...usage().map(({ value }) => value))).toBeGreaterThan(HELD_BYTES);
  });

  it('is reported by another when its reporter was killed', async () => {
    const { receiver, usage, exporters, reporterPid } = await launch({ args: ['processes/forks.mjs'], env: OFTEN });
    await receiver.until(() => exporters().size === 2 && usage().length > 0);
    const first = usage()[0]?.from;
    process.kill(reporterPid(), 'SIGKILL');
    await receiver.until(() => usage().some(({ from }) => from !== first));
    expect(usage().at(-1)?.value).toBeGreaterThan(HELD_BYTES);
  });

  it('is reported by a process that can send when its parent cannot', async () => {
    const server = await startRedis();
    undo.push(() => server.stop());
    const redis = new Redis(server.url);
    undo.push(() => redis.disconnect());
    const env = { ...OFTEN, TIDEMARK_TRANSPORT: 'redis' };
    await launch({ args: [...IMPORT, 'processes/forks.mjs'], env, redisUrl: server.url });
    await vi.waitFor(
      async () => {
        const entries = await redis.xrange(POINTS_STREAM_KEY, '-', '+');
        const sent = entries.map(([, [, json = '{}']]) => json).map((json) => JSON.parse(json).resourceMetrics[0]);
        const instanceOf = (metrics: { resource: { attributes: { key: string; value: { stringValue: string } }[] } }) =>
          metrics.resource.attributes.find(({ key }) => key === 'service.instance.id')?.value.stringValue;
        const withDyno = sent.filter((metrics) => JSON.stringify(metrics).includes('"tidemark.dyno.memory.usage"'));
        expect(new Set(sent.map(instanceOf)).size).toBe(2);
        expect(withDyno.length).toBeGreaterThan(2);
        expect(new Set(withDyno.map(instanceOf)).size).toBe(1);
      },
      { timeout: 15_000, interval: 100 },
    );
  });

  it('is reported soon after a process has started, however long the interval', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '3600000' };
    const { receiver, usage } = await launch({ args: [...IMPORT, 'processes/idle.mjs'], env });
    await receiver.until(() => usage().length > 0);
  });
});
