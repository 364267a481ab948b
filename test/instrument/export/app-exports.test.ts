import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  AggregationTemporality,
  ConsoleMetricExporter,
  InMemoryMetricExporter,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listen } from '../said-lines.ts';
import { harness } from './telemetry-harness.ts';

const HOUR_MS = 60 * 60_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Result = Parameters<Parameters<PushMetricExporter['export']>[1]>[0] | null;

const ARRIVED: Result = { code: 0 };
const failed = (error?: object): Result => ({ code: 1, ...(error === undefined ? {} : { error: error as Error }) });

/** As @opentelemetry/exporter-prometheus has it. */
class PrometheusExporter extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Gives its results in turn, and the last one for ever; null: no answer. */
class ScriptedExporter implements PushMetricExporter {
  readonly #results: Result[];
  constructor(...results: Result[]) {
    this.#results = results;
  }
  export(_metrics: ResourceMetrics, done: Parameters<PushMetricExporter['export']>[1]): void {
    const result = this.#results.length > 1 ? (this.#results.shift() ?? null) : (this.#results[0] ?? null);
    if (result !== null) done(result);
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const readerOf = (exporter: PushMetricExporter) =>
  new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 10_000, exportTimeoutMillis: 5_000 });

/** A process that measures on the application's provider with these readers. */
function measuredBy(...readers: MetricReader[]) {
  const { voice, lines } = listen();
  const { telemetry } = harness(voice);
  telemetry.use(new MeterProvider({ readers }));
  const afterExports = async (count: number) => {
    for (let left = count; left > 0; left -= 1) await vi.advanceTimersByTimeAsync(10_000);
    return lines().slice(1);
  };
  return { telemetry, lines, afterExports };
}

describe("exports of the application's SDK that do not arrive", () => {
  it.each([
    [failed({ code: 14, message: '14 UNAVAILABLE: Protocol error' }), /\(gRPC status 14\)\. An actuator .* not gRPC/],
    [failed({ code: 401, name: 'OTLPExporterError' }), /\(HTTP status 401\)\. .* token/],
    [failed({ code: 'ECONNREFUSED' }), /\(ECONNREFUSED\)\. Check the exporter's address/],
    [failed({ code: 'token=secret', name: 'a secret: 1' }), /\(no reason given\)/],
    [failed(), /\(no reason given\)/],
    [null, /\(no answer\)/],
  ])('are reported once: %o', async (result, expected) => {
    const { afterExports } = measuredBy(readerOf(new ScriptedExporter(result)));
    expect(await afterExports(1)).toEqual([]);
    expect(await afterExports(20)).toEqual([
      expect.stringMatching(/^tidemark: this process is not reported: .* SDK do not arrive/),
    ]);
    expect((await afterExports(0))[0]).toMatch(expected);
  });

  it('are not reported where they arrive by another exporter, or after a failure', async () => {
    const { afterExports } = measuredBy(
      readerOf(new ScriptedExporter(failed())),
      readerOf(new ScriptedExporter(failed(), ARRIVED)),
    );
    expect(await afterExports(20)).toEqual([]);
  });

  it('are reported again after an hour at the soonest, and that they arrive', async () => {
    const fails = [failed(), failed(), failed()];
    const results = [...fails, ARRIVED, ...fails, ARRIVED, ...fails, ARRIVED];
    const { afterExports } = measuredBy(readerOf(new ScriptedExporter(...results)));
    expect(await afterExports(8)).toEqual([
      expect.stringMatching(/is not reported/),
      "tidemark: the exports of the application's OpenTelemetry SDK arrive now",
    ]);
    await vi.advanceTimersByTimeAsync(1);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + HOUR_MS);
    expect(await afterExports(4)).toHaveLength(4);
  });

  it('are no longer followed once the measurements go elsewhere', async () => {
    const exporter = new ScriptedExporter(failed());
    const { telemetry, afterExports } = measuredBy(readerOf(exporter));
    expect(Object.hasOwn(exporter, 'export')).toBe(true);
    telemetry.release();
    expect(Object.hasOwn(exporter, 'export')).toBe(false);
    expect(await afterExports(5)).toEqual([]);
  });

  it('do not keep an exporter that cannot be changed from exporting', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const { afterExports } = measuredBy(readerOf(Object.freeze(exporter)));
    await afterExports(2);
    expect(exporter.getMetrics().length).toBeGreaterThan(0);
  });
});

describe("measurements that the application's SDK does not send", () => {
  it.each([
    ['the console', [() => readerOf(new ConsoleMetricExporter())], 'only prints:'],
    ['Prometheus', [() => new PrometheusExporter()], 'only offers to Prometheus:'],
    [
      'both',
      [() => new PrometheusExporter(), () => readerOf(new ConsoleMetricExporter())],
      'only offers to Prometheus and prints:',
    ],
  ])('are named: %s', async (_, readers, expected) => {
    const { lines } = measuredBy(...readers.map((make) => make()));
    expect(lines()).toEqual([expect.stringContaining(expected)]);
    expect(lines()[0]).toMatch(/^tidemark: measuring this process, .* exports OTLP over HTTP\.$/);
  });

  it('are not named where another reader sends them', () => {
    const { lines } = measuredBy(new PrometheusExporter(), readerOf(new ScriptedExporter(ARRIVED)));
    expect(lines()).toEqual([expect.stringMatching(/^tidemark: measuring this process, which .* SDK exports/)]);
  });
});
