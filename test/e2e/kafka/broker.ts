import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { type ServerProcess, startServerProcess } from '../../../src/testbed/servers/server-process.ts';
import { kafkaProgram } from './broker-jars.ts';
import { type Certificates, makeCertificates } from './certificates.ts';

/** Any will do: the folder belongs to this broker alone. */
const CLUSTER_ID = 'dGlkZW1hcmstdGVzdHMtMQ';

/** A name, so that a client could compare it with the one in the certificate. */
const HOST = 'localhost';

/** Small, and soon up: it serves one test. */
const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
/** Its start takes seconds of CPU, of which a busy machine has few. */
const READY_WITHIN_MS = 90_000;

/** An Apache Kafka in KRaft mode, one node, on 127.0.0.1. */
export class Broker {
  /** Host and port. */
  readonly address: string;
  /** Null: it takes no TLS. */
  readonly certificates: Certificates | null;
  readonly #dir: string;
  readonly #command: readonly string[];
  #process: ServerProcess;

  private constructor(broker: Pick<Broker, 'address' | 'certificates'>, started: Started) {
    this.address = broker.address;
    this.certificates = broker.certificates;
    this.#dir = started.dir;
    this.#command = started.command;
    this.#process = started.server;
  }

  static async start({ isTls = false } = {}): Promise<Broker> {
    const { java, jars } = await kafkaProgram();
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-kafka-'));
    const port = await freePort();
    const properties = join(dir, 'server.properties');
    const certificates = isTls ? await makeCertificates(dir) : null;
    await writeFile(properties, propertiesOf({ dir, port, controllerPort: await freePort(), certificates }));
    const run = (main: string, ...args: readonly string[]) => [java, ...JVM, '-cp', `${jars}/*`, main, ...args];
    const [file = '', ...args] = run('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties);
    await promisify(execFile)(file, args);
    const command = run('kafka.Kafka', properties);
    const server = await startProcess(command, port);
    return new Broker({ address: `${HOST}:${port}`, certificates }, { dir, command, server });
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

interface Started {
  readonly dir: string;
  readonly command: readonly string[];
  readonly server: ServerProcess;
}

interface Place {
  readonly dir: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly certificates: Certificates | null;
}

function propertiesOf({ dir, port, controllerPort, certificates }: Place): string {
  const listener = certificates === null ? 'PLAINTEXT' : 'SSL';
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=${listener}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=${listener}://${HOST}:${port}`,
    `inter.broker.listener.name=${listener}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL',
    'controller.listener.names=CONTROLLER',
    ...(certificates === null ? [] : tlsProperties(certificates)),
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

function tlsProperties({ brokerFile, authorityFile }: Certificates): readonly string[] {
  return [
    'ssl.client.auth=required',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${brokerFile}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${authorityFile}`,
  ];
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
