import { type DynoManager, type ManagedDyno, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { RunningActuator } from '../../integration/actuator/running-actuator.ts';
import { encodeProtobuf, type ResourceSpec } from '../../sources/otlp/senders/otlp-encoder.ts';
import { metric } from '../../sources/otlp/senders/requests.ts';
import type { KafkaPipeline } from './kafka-pipeline.ts';

const HEROKU_TOKEN = 'HRKU-kafka-token';
const MIB = 1024 ** 2;
const QUIET_MB = 100;
/** Over the hard limit of the actuators here. */
const BLOATED_MB = 480;
const SEND_EVERY_MS = 250;
export const MAX_POINT_AGE_MS = 60_000;

export interface FleetOptions {
  readonly kafka: KafkaPipeline;
  readonly redisUrl: string;
  readonly apps: number;
  /** Of each app. */
  readonly dynos: number;
  readonly windowMs: number;
}

/**
 * Dynos behind the Heroku API whose measurements come from here, and actuators that read them from Kafka. The dynos
 * only sleep; this test says what they use.
 */
export class KafkaFleet {
  readonly manager: DynoManager;
  readonly actuators: RunningActuator[] = [];
  readonly #options: FleetOptions;
  /** The ids of boots that need a restart. */
  readonly #bloated = new Set<string>();
  /** The ids of boots that a person wants restarted. */
  readonly #asked = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  private constructor(manager: DynoManager, options: FleetOptions) {
    this.manager = manager;
    this.#options = options;
    this.#timer = setInterval(() => void this.#report().catch(() => undefined), SEND_EVERY_MS);
  }

  static async start(options: FleetOptions): Promise<KafkaFleet> {
    const apps = Array.from({ length: options.apps }, (_, index) => ({
      name: `shop-${index + 1}`,
      formation: [{ type: 'worker', quantity: options.dynos, command: ['sleep', '100000'] }],
    }));
    return new KafkaFleet(await startDynoManager({ token: HEROKU_TOKEN, apps }), options);
  }

  async startActuator(env: Readonly<Record<string, string>> = {}): Promise<RunningActuator> {
    const { kafka, redisUrl, windowMs } = this.#options;
    const actuator = await RunningActuator.start({
      ...kafka.actuatorEnv,
      REDIS_URL: redisUrl,
      HEROKU_API_URL: this.manager.url,
      HEROKU_API_TOKEN: HEROKU_TOKEN,
      TIDEMARK_TARGETS: 'shop-*:worker',
      TIDEMARK_WINDOW: `${windowMs}ms`,
      TIDEMARK_HARD_LIMIT: '80%',
      TIDEMARK_COOLDOWN: '1s',
      TIDEMARK_MAX_RESTARTS_PER_HOUR: '1000',
      TIDEMARK_API_BUDGET: '4500',
      // Whoever takes over on a busy machine reads again what one that was killed had read.
      TIDEMARK_MAX_POINT_AGE: `${MAX_POINT_AGE_MS}ms`,
      ...env,
    });
    this.actuators.push(actuator);
    return actuator;
  }

  /** The dyno's boot needs a restart from now on. */
  bloat(app: string, dyno = 'worker.1'): string {
    const { dynoId } = this.dyno(app, dyno);
    this.#bloated.add(dynoId);
    return dynoId;
  }

  /** A person may restart the dyno's boot. */
  ask(app: string, dyno = 'worker.1'): string {
    const { dynoId } = this.dyno(app, dyno);
    this.#asked.add(dynoId);
    return dynoId;
  }

  /** The apps of the dynos that this actuator shows: those that it follows itself, or those of all. */
  async appsOf(actuator: RunningActuator, whose: 'own' | 'all' = 'own'): Promise<readonly string[]> {
    return [...new Set((await this.dynosOf(actuator, whose)).map(({ app }) => app))].sort();
  }

  /** The dynos that it shows, by app and name. */
  async dynosOf(actuator: RunningActuator, whose: 'own' | 'all' = 'own') {
    const { dynos } = (await actuator.get('/api/dynos')) as {
      dynos: readonly { readonly app: string; readonly dyno: string; readonly held_by: string | null }[];
    };
    return dynos.filter(({ held_by }) => whose === 'all' || held_by === null);
  }

  /** The actuators among these that follow the app. */
  async followersOf(app: string, among: readonly RunningActuator[]): Promise<readonly RunningActuator[]> {
    const apps = await Promise.all(among.map((actuator) => this.appsOf(actuator)));
    return among.filter((_, index) => apps[index]?.includes(app));
  }

  dyno(app: string, name = 'worker.1') {
    const found = this.manager.dynos().find((dyno) => dyno.app === app && dyno.name === name);
    if (found === undefined) throw new Error(`${app} has no ${name}`);
    return found;
  }

  /** Measurements of a healthy boot, made this long ago, that say it bloats. */
  async reportLate(app: string, dyno: string, agesMs: readonly number[]): Promise<void> {
    const boot = this.dyno(app, dyno);
    const nowMs = Date.now();
    for (const ageMs of agesMs) await this.#options.kafka.send([resourceOf(boot, BLOATED_MB, nowMs - ageMs)]);
  }

  /** One measurement of a dyno that the platform does not list. */
  async reportUnlisted(app: string, name: string): Promise<void> {
    const boot = { ...this.dyno(app), name, dynoId: `boot-of-${app}-${name}` };
    await this.#options.kafka.send([resourceOf(boot, QUIET_MB, Date.now())]);
  }

  /** A record of its own with measurements of the dyno, padded by this many bytes. */
  largeRecord(app: string, dyno: string, bytes: number): Buffer {
    const { attributes, scopes } = resourceOf(this.dyno(app, dyno), QUIET_MB, Date.now());
    return Buffer.from(encodeProtobuf([{ attributes: { ...attributes, padding: 'x'.repeat(bytes) }, scopes }]));
  }

  /** The restarts that reached the platform, by boot. */
  restarts(): readonly string[] {
    return this.manager.log.flatMap(({ event, dynoId }) => (event === 'restart-requested' ? [dynoId ?? ''] : []));
  }

  /** What must hold whatever breaks; a sentence for each thing that does not. */
  violations(): readonly string[] {
    const restarts = this.restarts();
    return [
      ...restarts.filter((boot, at) => restarts.indexOf(boot) !== at).map((boot) => `${boot} was restarted twice`),
      ...restarts
        .filter((boot) => !this.#bloated.has(boot) && !this.#asked.has(boot))
        .map((boot) => `${boot} was restarted, and is healthy`),
      ...this.#atOnce(),
    ];
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const actuator of this.actuators) await actuator.kill();
    await this.manager.stop();
  }

  /** Two dynos of a type that were away at the same time. */
  #atOnce(): readonly string[] {
    const away = new Map<string, string>();
    const found: string[] = [];
    for (const { event, app, dyno } of this.manager.log) {
      const other = away.get(app);
      if (event === 'restart-requested' && other !== undefined && other !== dyno)
        found.push(`${dyno} of ${app} was restarted while ${other} was away`);
      if (event === 'restart-requested') away.set(app, dyno ?? '');
      if (event === 'up' && other === dyno) away.delete(app);
    }
    return found;
  }

  async #report(): Promise<void> {
    const timeMs = Date.now();
    const usageMb = ({ dynoId }: ManagedDyno) => (this.#bloated.has(dynoId) ? BLOATED_MB : QUIET_MB);
    await this.#options.kafka.send(this.manager.dynos().map((dyno) => resourceOf(dyno, usageMb(dyno), timeMs)));
  }
}

function resourceOf(dyno: ManagedDyno, usageMb: number, timeMs: number): ResourceSpec {
  return {
    attributes: {
      'heroku.app.name': dyno.app,
      'heroku.process.type': dyno.type,
      'heroku.dyno.name': dyno.name,
      'heroku.dyno.id': dyno.dynoId,
      'tidemark.dyno.id.source': 'platform',
      'tidemark.dyno.start_time': new Date(dyno.createdAtMs).toISOString(),
      'tidemark.process.id': `process-of-${dyno.dynoId}`,
    },
    scopes: [
      [metric('tidemark.dyno.memory.usage', usageMb * MIB, { 'tidemark.memory.state': 'resident' }, timeMs)],
      [metric('tidemark.dyno.memory.limit', 512 * MIB, undefined, timeMs)],
    ],
  };
}
