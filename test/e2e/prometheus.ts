import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedProgram } from '../../scripts/installed-program.ts';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { startServerProcess } from '../../src/testbed/servers/server-process.ts';

/** One series of an instant query's answer. */
interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const RULES = fileURLToPath(new URL('../../deploy/rules/*.yml', import.meta.url));

/** A rule as Prometheus knows it. */
interface PrometheusRule {
  readonly type: 'recording' | 'alerting';
  readonly name: string;
  /** `ok` where its last evaluation succeeded. */
  readonly health: string;
  readonly lastError?: string;
}

/** A real Prometheus that scrapes one page every second, with the rules of deploy/. */
export interface RunningPrometheus {
  readonly url: string;
  query(query: string): Promise<readonly PrometheusSample[]>;
  /**
   * How many samples a query has over the last `seconds`, asked every second; throws where Prometheus refuses it.
   */
  countInRange(query: string, seconds: number): Promise<number>;
  /** Its only series; throws where there is none, or more. */
  queryOne(query: string): Promise<number>;
  /** How it knows the metrics of the page it scrapes: type and help by name. */
  metadata(): Promise<ReadonlyMap<string, { readonly type: string; readonly help: string }>>;
  rules(): Promise<readonly PrometheusRule[]>;
  stop(): Promise<void>;
}

export async function startPrometheus(scrapedPort: number): Promise<RunningPrometheus> {
  const binary = await installedProgram({ name: 'prometheus', aptPackage: 'prometheus' });
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-prometheus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = [
    'global: {scrape_interval: 1s, evaluation_interval: 1s}',
    `rule_files: ["${RULES}"]`,
    'scrape_configs:',
    '  - job_name: collector',
    // Each series names its own job (service.name) and instance (service.instance.id).
    '    honor_labels: true',
    `    static_configs: [{targets: ["127.0.0.1:${scrapedPort}"]}]`,
  ];
  await writeFile(join(dir, 'prometheus.yml'), config.join('\n'));
  const server = await startServerProcess({
    name: `Prometheus on port ${port}`,
    command: [
      binary,
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    isReady: async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true,
  });

  const get = async (path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as {
      readonly status: string;
      readonly data: unknown;
      readonly error?: string;
    };
    if (answer.status !== 'success') throw new Error(`Prometheus: ${answer.error} (${JSON.stringify(parameters)})`);
    return answer.data;
  };
  const query = async (text: string): Promise<readonly PrometheusSample[]> => {
    const { result } = (await get('/api/v1/query', { query: text })) as {
      readonly result: readonly {
        readonly metric: Record<string, string>;
        readonly value: readonly [number, string];
      }[];
    };
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  return {
    url,
    query,
    async countInRange(text, seconds) {
      const end = Date.now() / 1000;
      const range = { start: String(end - seconds), end: String(end), step: '1' };
      const { result } = (await get('/api/v1/query_range', { query: text, ...range })) as {
        readonly result: readonly { readonly values: readonly unknown[] }[];
      };
      return result.reduce((total, { values }) => total + values.length, 0);
    },
    async queryOne(text) {
      const samples = await query(text);
      if (samples.length !== 1) throw new Error(`${text} has ${samples.length} series instead of one`);
      return samples[0]?.value ?? Number.NaN;
    },
    async metadata() {
      const targets = (await get('/api/v1/targets/metadata')) as readonly {
        readonly metric: string;
        readonly type: string;
        readonly help: string;
      }[];
      return new Map(targets.map(({ metric, type, help }) => [metric, { type, help }]));
    },
    async rules() {
      const { groups } = (await get('/api/v1/rules')) as {
        readonly groups: readonly { readonly rules: readonly PrometheusRule[] }[];
      };
      return groups.flatMap(({ rules }) => rules);
    },
    async stop() {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
