import { afterEach, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { RunningActuator } from '../actuator/running-actuator.ts';
import { AppFolder, runApp } from '../instrument/instrument-harness.ts';

const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** What a worker of the app `shop` writes to standard error next to a real actuator. */
async function said(actuatorEnv: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
  const server: RedisServer = await startRedis();
  undo.push(() => server.stop());
  const actuator = await RunningActuator.start({ REDIS_URL: server.url, TIDEMARK_DRY_RUN: 'true', ...actuatorEnv });
  undo.push(() => actuator.kill());
  const folder = new AppFolder();
  undo.push(() => folder.remove());
  const args = ['--import', 'tidemark/register', 'start/work.mjs'];
  const options = { OTEL_METRIC_EXPORT_INTERVAL: '500', ...env };
  const { stderr, reports } = await runApp({
    folder,
    args,
    redisUrl: server.url,
    receiverUrl: actuator.url,
    env: options,
  }).exited;
  return [...stderr.split('\n'), ...reports].filter((line) => line !== '');
}

const bearer = (token: string) => ({ OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token}` });

it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
  ['the right token', {}, bearer('ingest-t0ken'), /^tidemark: reporting shop worker\.1 to http:\S+ every 0\.5 s$/],
  [
    'no token',
    {},
    {},
    /is not reported: \S+ requires a token \(401: ".*TIDEMARK_INGEST_TOKENS.*"\), and none is set\. Set /,
  ],
  ['a wrong token', {}, bearer('other-t0ken'), /is not reported: \S+ refuses the token \(401: ".*"\)\. Set /],
  [
    'the token of another app',
    { TIDEMARK_INGEST_TOKENS: 'other=other-t0ken' },
    bearer('other-t0ken'),
    /rejected \d+ data points of shop worker\.1 and said: ".*app "shop", which this token does not cover/,
  ],
  [
    'an actuator that reads the stream only',
    { TIDEMARK_SOURCE: 'redis' },
    bearer('ingest-t0ken'),
    /is not an OTLP receiver \(404: "No points are taken over HTTP: TIDEMARK_SOURCE does not name otlp/,
  ],
])('a worker with %s says so in one line', async (_what, actuatorEnv, env, line) => {
  const lines = await said(actuatorEnv, env);
  expect(lines).toEqual([expect.stringMatching(line)]);
  expect(lines[0]).not.toContain('t0ken');
});
