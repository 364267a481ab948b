import { connect } from 'node:net';
import { freePort } from '../dyno-manager/free-port.ts';
import { COMPOSE_CONFIG_PATH } from './collector-binary.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

interface CollectorPorts {
  /** OTLP over HTTP. */
  readonly otlp: number;
  /** What Prometheus scrapes: the workers' metrics. */
  readonly prometheus: number;
  readonly health: number;
  /** The Collector's figures about itself, as a Prometheus page. */
  readonly telemetry: number;
}

export interface CollectorOptions {
  /** See `findCollector`. */
  readonly binary: string;
  /** The token that workers and the actuator send. */
  readonly ingestToken: string;
  /** The token that the Collector sends to the actuator. */
  readonly actuatorToken: string;
  readonly actuatorUrl: string;
  /** Keeps the queue to the actuator: a Collector with the same folder continues it. */
  readonly queueDir: string;
  /** Configurations merged into the one for Docker Compose, in this order. */
  readonly overlays?: readonly string[];
  /** What these ask for in the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: free ports. */
  readonly ports?: CollectorPorts;
}

export interface RunningCollector extends ServerProcess {
  readonly url: string;
  readonly ports: CollectorPorts;
}

/** Starts the Collector with the configuration for Docker Compose, on 127.0.0.1 only. */
export async function startCollector(options: CollectorOptions): Promise<RunningCollector> {
  const ports = options.ports ?? (await freePorts());
  const server = await startServerProcess({
    name: `the Collector on port ${ports.otlp}`,
    command: [
      options.binary,
      ...[COMPOSE_CONFIG_PATH, ...(options.overlays ?? [])].flatMap((path) => ['--config', path]),
    ],
    env: {
      PATH: process.env.PATH ?? '',
      COLLECTOR_HOST: '127.0.0.1',
      PORT: String(ports.otlp),
      COLLECTOR_PROMETHEUS_PORT: String(ports.prometheus),
      COLLECTOR_HEALTH_PORT: String(ports.health),
      COLLECTOR_TELEMETRY_PORT: String(ports.telemetry),
      COLLECTOR_QUEUE_DIR: options.queueDir,
      COLLECTOR_INGEST_TOKEN: options.ingestToken,
      COLLECTOR_ACTUATOR_TOKEN: options.actuatorToken,
      ACTUATOR_URL: options.actuatorUrl,
      ...options.env,
    },
    isReady: async () => (await isHealthy(ports.health)) && (await isListening(ports.otlp)),
  });
  return { ...server, url: `http://127.0.0.1:${ports.otlp}`, ports };
}

async function freePorts(): Promise<CollectorPorts> {
  return {
    otlp: await freePort(),
    prometheus: await freePort(),
    health: await freePort(),
    telemetry: await freePort(),
  };
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
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
