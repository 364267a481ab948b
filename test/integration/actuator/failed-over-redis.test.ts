import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, expect, it, vi } from 'vitest';
import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, feed, RunningActuator } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 20 };
/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The address that leads to the master, whichever that is. */
async function startAddress(port: number) {
  let master = port;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(master, '127.0.0.1');
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(newMaster: number) {
      master = newMaster;
      for (const socket of open) socket.destroy();
    },
  };
}

async function startServer() {
  const server = await startRedis();
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  cleanups.push(
    () => server.stop(),
    () => client.disconnect(),
  );
  const field = async (name: string) =>
    JSON.parse((await client.hget(`tidemark:ledger:${APP}:worker`, name)) ?? 'null');
  return { server, client, field };
}

it('closes as restarted, and counts, a restart that the promoted replica shows as not sent', async () => {
  const [master, replica] = [await startServer(), await startServer()];
  await replica.client.replicaof('127.0.0.1', master.server.port);
  const address = await startAddress(master.server.port);
  const formation = [{ type: 'worker', command: SLEEPER, quantity: 1 }];
  const manager = await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN });
  cleanups.push(() => manager.stop());
  const path = `/apps/${APP}/dynos/worker.1`;
  manager.faults.next('DELETE', path, { kind: 'late-effect', delayMs: 5_000 });
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: address.url,
    TIDEMARK_GRACE: '3s',
  });
  cleanups.push(() => actuator.stop());
  const [dyno] = manager.dynos();
  if (dyno === undefined) throw new Error('no dyno');
  const feeding = await feed(actuator, { name: dyno.name, id: dyno.dynoId }, bloated);
  cleanups.push(() => feeding.stop());

  await vi.waitFor(async () => expect(await replica.field('attempt')).toMatchObject({ phase: 'draining' }), PATIENCE);
  await replica.client.call('REPLICAOF', 'NO', 'ONE');
  await vi.waitFor(() => expect(manager.deletes().one).toBe(1), PATIENCE);
  await master.server.kill();
  expect(await replica.field('attempt')).toMatchObject({ phase: 'draining' });
  address.leadTo(replica.server.port);

  await vi.waitFor(async () => expect(await replica.field('history')).toHaveLength(1), PATIENCE);
  expect(await replica.field('history')).toMatchObject([{ outcome: 'restarted', bootId: dyno.dynoId }]);
  expect(await replica.field('sent')).toHaveLength(1);
  expect(manager.deletes()).toEqual({ one: 1, all: 0 });
  expect(actuator.lines.filter((line) => line.includes('lost a part of the ledger'))).toHaveLength(1);
}, 120_000);
