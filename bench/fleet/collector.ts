import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { startServerProcess } from '../../src/testbed/servers/server-process.ts';

export interface NopCollector {
  readonly pid: number;
  send(body: Uint8Array, type: string): Promise<number>;
  stop(): Promise<void>;
}

/** The Go Collector on one core, which decodes what it receives and throws it away. */
export async function startNopCollector(binary: string): Promise<NopCollector> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-collector-'));
  const config = join(dir, 'nop.yaml');
  await writeFile(config, CONFIG.replace('PORT', String(port)));
  const server = await startServerProcess({
    name: 'the Collector',
    command: [binary, '--config', config],
    env: { PATH: process.env.PATH ?? '', GOMAXPROCS: '1' },
    isReady: () => isListening(port),
  });
  const agent = new Agent({ keepAlive: true });
  return {
    pid: server.pid,
    send: (body, type) => post(agent, port, body, type),
    stop: async () => {
      agent.destroy();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const CONFIG = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:PORT"}}}}
exporters: {nop: {}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines: {metrics: {receivers: [otlp], exporters: [nop]}}
`;

function post(agent: Agent, port: number, body: Uint8Array, type: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-encoding': 'gzip', 'content-length': body.length };
    const sent = request(
      { agent, host: '127.0.0.1', port, path: '/v1/metrics', method: 'POST', headers },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
