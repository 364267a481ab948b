import { App, type OneOffSpec } from './api/app.ts';
import { Faults } from './api/faults.ts';
import { RateLimit } from './api/rate-limit.ts';
import { Webhooks } from './api/webhooks.ts';
import type { DynoState } from './dyno/dyno.ts';
import { dynoSizes, memoryBytes } from './dyno/dyno-sizes.ts';
import { memoryOf, readProcessTable, treeOf } from './dyno/process-table.ts';
import { EventLog, type LogEntry } from './event-log.ts';
import type { DynoMemory } from './logs/log-lines.ts';
import { LogShipper } from './logs/log-shipper.ts';
import { type DynoManagerOptions, LOG_METRICS_EVERY_MS } from './options.ts';
import { ApiServer, type RequestEntry } from './server.ts';

/** A dyno as the manager sees it: the truth that other figures are compared with. */
export interface ManagedDyno {
  readonly app: string;
  readonly name: string;
  readonly type: string;
  readonly dynoId: string;
  readonly state: DynoState;
  readonly size: string;
  readonly createdAtMs: number;
  /** Of the main process; null if none runs. */
  readonly pid: number | null;
  /** RSS and swap of the main process and its descendants, sampled now; null if it cannot be read. */
  readonly memoryBytes: number | null;
  readonly limitBytes: number;
  /** Crashes since the last release. */
  readonly crashes: number;
}

export interface DynoManager {
  readonly url: string;
  readonly port: number;
  /** All that happened, in order. */
  readonly log: readonly LogEntry[];
  /** All requests, in order. */
  readonly requests: readonly RequestEntry[];
  readonly faults: Faults;
  /** The statuses that webhooks were answered with, in their order; null: no answer. */
  readonly webhookAnswers: readonly (number | null)[];
  /** How many DELETEs arrived, faulty ones included; and how many of them were for all dynos of an app. */
  deletes(): { readonly one: number; readonly all: number };
  dynos(): readonly ManagedDyno[];
  /** Calls back for each new entry of the log; returns a function that removes the callback. */
  on(listener: (entry: LogEntry) => void): () => void;
  /** Starts a one-off dyno and returns its name. */
  runOneOff(app: string, spec: OneOffSpec): string;
  /** A new release: every dyno of the app's formation boots again. */
  deploy(app: string): void;
  /**
   * Ends server and dynos; resolves when no process is left. With a grace, dynos get SIGTERM, and SIGKILL after the
   * grace.
   */
  stop(graceMs?: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Runs apps as real processes on this machine, and serves the part of Heroku's Platform API that is about dynos. Throws
 * if a size is unknown; rejects if the port is taken, and then leaves nothing running.
 */
export async function startDynoManager(options: DynoManagerOptions): Promise<DynoManager> {
  const log = new EventLog();
  if (options.log !== undefined) log.on(options.log);
  const sizes = dynoSizes(options.dynoSizes ?? []);
  const webhooks = options.webhook === undefined ? null : new Webhooks(options.webhook);
  if (webhooks !== null) log.on((entry) => void webhooks.deliver(entry));
  const shipped = withLogs(options, (app) => findApp(apps, app));
  const apps = options.apps.map((spec) => new App(spec, { options: shipped.options, sizes, log }));
  const { shipper } = shipped;
  if (shipper !== null) log.on((entry) => shipper.onEvent(entry));
  const faults = new Faults();
  const requests: RequestEntry[] = [];
  const server = new ApiServer({
    parts: { apps, sizes, ...apiOptions(options) },
    faults,
    requests,
    restartDelayMs: options.restartDelayMs ?? 0,
  });
  const host = options.host ?? '127.0.0.1';
  const port = await server.listen(options.port ?? 0, host);
  for (const app of apps) app.start();

  const stop = async (graceMs = 0): Promise<void> => {
    webhooks?.stop();
    await server.stop();
    await Promise.all(apps.map((app) => app.stop(graceMs)));
    await shipper?.stop();
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    log: log.entries,
    requests,
    faults,
    webhookAnswers: webhooks?.answers ?? [],
    deletes: () => countDeletes(requests),
    dynos: () => viewsOf(apps),
    on: (listener) => log.on(listener),
    runOneOff: (app, spec) => findApp(apps, app).runOneOff(spec),
    deploy: (app) => findApp(apps, app).deploy(),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** How the API answers, with Heroku's own rate limit unless another one is given. */
function apiOptions(options: DynoManagerOptions) {
  const { capacity, refillPerMinute } = options.rateLimit ?? { capacity: 4500, refillPerMinute: 75 };
  return {
    token: options.token,
    scopes: options.scopes ?? ['read', 'write'],
    tokenExpiresInS: options.tokenExpiresInS ?? null,
    rateLimit: new RateLimit(capacity, refillPerMinute, Date.now()),
    unknownDyno: options.unknownDyno ?? 'accepted',
    webhookUrl: options.webhook?.url ?? null,
  } as const;
}

/** What dynos print goes to the drains too, where there are any. */
function withLogs(
  options: DynoManagerOptions,
  appOf: (name: string) => App,
): { readonly options: DynoManagerOptions; readonly shipper: LogShipper | null } {
  const { logDrains = [], logMetricsEveryMs = LOG_METRICS_EVERY_MS, output } = options;
  if (logDrains.length === 0) return { options, shipper: null };
  const memoryOf = (app: string) => memoryOfDynos(appOf(app));
  const shipper = new LogShipper({ drains: logDrains, metricsEveryMs: logMetricsEveryMs, memoryOf });
  return {
    shipper,
    options: {
      ...options,
      output: (line, from) => {
        output?.(line, from);
        shipper.onOutput(line, from);
      },
    },
  };
}

function memoryOfDynos(app: App): readonly DynoMemory[] {
  const table = readProcessTable();
  return app.dynos.flatMap(({ identity, current }) => {
    const pid = current.state === 'crashed' ? null : (current.process?.pid ?? null);
    const memory = pid === null ? null : memoryOf(treeOf(pid, table));
    const quotaBytes = memoryBytes(identity.size);
    // A process that is ending has no memory any more.
    if (memory === null || memory.rssBytes === 0) return [];
    return [{ dyno: identity.name, dynoId: current.id, quotaBytes, ...memory }];
  });
}

function findApp(apps: readonly App[], name: string): App {
  const app = apps.find((candidate) => candidate.name === name);
  if (app === undefined) throw new Error(`there is no app "${name}"`);
  return app;
}

function countDeletes(requests: readonly RequestEntry[]): { one: number; all: number } {
  const deletes = requests.filter((request) => request.method === 'DELETE');
  const all = deletes.filter((request) => /^\/apps\/[^/]+\/dynos\/*$/.test(request.path)).length;
  return { one: deletes.length - all, all };
}

function viewsOf(apps: readonly App[]): readonly ManagedDyno[] {
  const table = readProcessTable();
  return apps.flatMap((app) =>
    app.dynos.map(({ identity, current, crashes }) => {
      const pid = current.state === 'crashed' ? null : (current.process?.pid ?? null);
      return {
        app: app.name,
        name: identity.name,
        type: identity.type,
        dynoId: current.id,
        state: current.state,
        size: identity.size.name,
        createdAtMs: current.createdAtMs,
        pid,
        memoryBytes: pid === null ? null : sumOf(memoryOf(treeOf(pid, table))),
        limitBytes: memoryBytes(identity.size),
        crashes,
      };
    }),
  );
}

function sumOf(memory: { readonly rssBytes: number; readonly swapBytes: number } | null): number | null {
  return memory === null ? null : memory.rssBytes + memory.swapBytes;
}
