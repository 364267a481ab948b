import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appName, dynoId } from './batches.ts';

export interface LocalPlatform {
  readonly url: string;
  /** Requests since the last call. */
  takeCalls(): number;
  close(): void;
}

/** Lists the dynos of the fleet as Heroku's API does. Nothing is restarted: the fleet runs dry. */
export async function startPlatform(apps: number, dynosOfApp: number): Promise<LocalPlatform> {
  const createdAt = new Date(Date.now() - 3_600_000).toISOString();
  const lists = new Map(
    Array.from({ length: apps }, (_, app) => [
      appName(app),
      JSON.stringify(
        Array.from({ length: dynosOfApp }, (__, index) => ({
          id: dynoId(app, index),
          name: `worker.${index + 1}`,
          type: 'worker',
          state: 'up',
          size: 'standard-1x',
          created_at: createdAt,
          release: { version: 42 },
        })),
      ),
    ]),
  );
  const answers = new Map<string, string>([
    ['/account', JSON.stringify({ id: 'bench', email: 'bench@example.invalid' })],
    ['/apps', JSON.stringify([...lists.keys()].map((name) => ({ name })))],
  ]);
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    const [path = ''] = (request.url ?? '').split('?');
    const [, app = '', what = ''] = /^\/apps\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (what === 'dynos') return answer(response, lists.get(app));
    if (what === 'formation') return answer(response, FORMATION);
    if (what === 'available-dyno-sizes') return answer(response, SIZES);
    return answer(response, answers.get(path));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeCalls: () => {
      const taken = calls;
      calls = 0;
      return taken;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const FORMATION = JSON.stringify([{ type: 'worker', quantity: 250, size: 'standard-1x' }]);
const SIZES = JSON.stringify([{ name: 'standard-1x', memory: 0.5 }]);

function answer(response: ServerResponse, body: string | undefined): void {
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(body ?? JSON.stringify({ id: 'not_found', message: 'Not here.' }));
}
