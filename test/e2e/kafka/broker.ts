import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { type ServerProcess, startServerProcess } from '../../../src/testbed/servers/server-process.ts';
import { kafkaProgram } from './broker-jars.ts';

/** Any will do: the folder belongs to this broker alone. */
const CLUSTER_ID = 'dGlkZW1hcmstdGVzdHMtMQ';

/** Small, and soon up: it serves one test. */
const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
/** Its start takes seconds of CPU, of which a busy machine has few. */
const READY_WITHIN_MS = 90_000;

/** An Apache Kafka in KRaft mode, one node, on 127.0.0.1. */
export class Broker {
  readonly address: string;
  readonly #dir: string;
  readonly #command: readonly string[];
  #process: ServerProcess;

  private constructor(address: string, dir: string, command: readonly string[], server: ServerProcess) {
    this.address = address;
    this.#dir = dir;
    this.#command = command;
    this.#process = server;
  }

  static async start(): Promise<Broker> {
    const { java, jars } = await kafkaProgram();
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-kafka-'));
    const port = await freePort();
    const properties = join(dir, 'server.properties');
    await writeFile(properties, propertiesOf(dir, port, await freePort()));
    const run = (main: string, ...args: readonly string[]) => [java, ...JVM, '-cp', `${jars}/*`, main, ...args];
    const [file = '', ...args] = run('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties);
    await promisify(execFile)(file, args);
    const command = run('kafka.Kafka', properties);
    return new Broker(`127.0.0.1:${port}`, dir, command, await startProcess(command, port));
  }

  /** Kill -9; what was acknowledged stays on its disk. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async startAgain(): Promise<void> {
    this.#process = await startProcess(this.#command, Number(this.address.split(':')[1]));
  }

  async stop(): Promise<void> {
    // Its orderly stop takes seconds, and nobody reads its data again.
    await this.#process.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function startProcess(command: readonly string[], port: number): Promise<ServerProcess> {
  const isReady = () => isListening(port);
  return startServerProcess({ name: `Kafka on port ${port}`, command, isReady, readyWithinMs: READY_WITHIN_MS });
}

function propertiesOf(dir: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(dir, 'log')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'auto.create.topics.enable=false',
    // The default of 3 s is for groups whose members all start at once.
    'group.initial.rebalance.delay.ms=0',
  ].join('\n');
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
