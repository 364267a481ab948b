import type {
  CollectionResult,
  IMetricReader,
  MeterProviderOptions,
  PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { POINTS_STREAM_KEY } from '../../semconv.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import type { BorrowedRedis } from '../bullmq/borrowed-redis.ts';
import { herokuDetector } from '../identity/heroku-detector.ts';
import { onConsole } from '../print-line.ts';
import type { Transport } from '../settings.ts';
import { BackgroundExporter } from './background-exporter.ts';
import { type ExportSettings, readExportSettings } from './export-environment.ts';
import { JobTables } from './job-tables.ts';
import { ExportLog } from './otlp/export-log.ts';
import { otlpExporter } from './otlp/otlp-exporter.ts';
import { otlpProblem, RejectedPoints } from './otlp/otlp-problem.ts';
import { PointsStreamExporter } from './redis/points-stream.ts';
import { PointsStreamLog } from './redis/points-stream-log.ts';
import { type Subject, subjectOf } from './subject.ts';
import type { OwnProvider } from './telemetry.ts';

type Resource = NonNullable<MeterProviderOptions['resource']>;

export interface PrivateProviderOptions {
  readonly transports: readonly Transport[];
  /** A worker's connection for writing the points stream; null if there is none now. */
  readonly workerRedis: () => BorrowedRedis | null;
  /** Prints a sentence for people. */
  readonly say: (sentence: string) => void;
  readonly env?: Environment;
}

/**
 * Tidemark's own provider. It is never registered globally, because the application's SDK may start later and register
 * its own. The SDK is loaded only here. Null if the environment and the transports leave no exporter; that is printed.
 */
export async function privateProvider(options: PrivateProviderOptions): Promise<OwnProvider | null> {
  const { transports, workerRedis, say, env = process.env } = options;
  const settings = readExportSettings(env, transports);
  for (const note of settings.notes) say(note);
  if (settings.exporters.length === 0) return null;
  const { AggregationTemporality, InstrumentType, MeterProvider, PeriodicExportingMetricReader } = await import(
    './opentelemetry-sdk.ts'
  );
  const ownResource = await resource();
  const context = { ...options, env, settings, subject: subjectOf(ownResource.attributes) };
  const exporters = await Promise.all(settings.exporters.map((name) => EXPORTERS[name](context)));
  // The tables produce cumulative figures only. If the environment asks for others, the SDK produces them.
  const areCumulative = exporters.every(
    (exporter) =>
      (exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM) ?? AggregationTemporality.CUMULATIVE) ===
      AggregationTemporality.CUMULATIVE,
  );
  const tables = areCumulative ? new JobTables() : null;
  const readerOptions = {
    exportIntervalMillis: settings.intervalMs,
    exportTimeoutMillis: settings.timeoutMs,
    ...(tables === null ? {} : { metricProducers: [tables] }),
  };
  const readers = exporters.map((exporter) => {
    const reader = new PeriodicExportingMetricReader({ exporter, ...readerOptions });
    if (exporter instanceof BackgroundExporter) collectOnlyWhatIsTaken(reader, exporter, ownResource);
    return reader;
  });
  const provider = new MeterProvider({ resource: ownResource, readers });
  const needsConnection = settings.exporters.every((name) => name === 'redis');
  return {
    provider,
    tables,
    canSend: async () => !needsConnection || ((await workerRedis()?.isConnected()) ?? false),
    giveUp: () => {
      for (const exporter of exporters) if (exporter instanceof BackgroundExporter) exporter.giveUp();
    },
  };
}

interface ExporterContext extends PrivateProviderOptions {
  readonly env: Environment;
  readonly settings: ExportSettings;
  readonly subject: Subject;
}

const EXPORTERS: Readonly<
  Record<ExportSettings['exporters'][number], (context: ExporterContext) => Promise<PushMetricExporter>>
> = {
  otlp: overOtlp,
  redis: overPointsStream,
  console: toConsole,
};

async function toConsole(): Promise<PushMetricExporter> {
  const exporter = new (await import('./opentelemetry-sdk.ts')).ConsoleMetricExporter();
  const print = exporter.export.bind(exporter);
  exporter.export = (metrics, done) => onConsole(() => print(metrics, done));
  return exporter;
}

async function overOtlp({ env, settings, say, subject }: ExporterContext): Promise<PushMetricExporter> {
  const { intervalMs, timeoutMs } = settings;
  const { exporter, url, letGo } = await otlpExporter(env);
  const log = new ExportLog({ say, subject, destination: url.origin, intervalMs });
  const target = { subject: subject.name, url, intervalMs, env };
  return new BackgroundExporter({
    exporter,
    retryForMs: timeoutMs,
    letGo,
    onArrived: () => log.succeeded(),
    onFailed: (error) => {
      const problem = otlpProblem(error, target);
      if (!(error instanceof RejectedPoints) || error.count > 0) return log.failed(problem);
      log.succeeded();
      log.noticed(problem);
    },
  });
}

async function overPointsStream({ workerRedis, say, settings, subject }: ExporterContext): Promise<PushMetricExporter> {
  const { JsonMetricsSerializer } = await import('./opentelemetry-sdk.ts');
  const { intervalMs } = settings;
  const destination = `the stream ${POINTS_STREAM_KEY} on the queue's Redis`;
  const log = new PointsStreamLog(new ExportLog({ say, subject, destination, intervalMs }), subject.name, intervalMs);
  return new PointsStreamExporter({
    workerRedis,
    serialize: (metrics) => JsonMetricsSerializer.serializeRequest(metrics),
    onAppended: (reply) => log.appended(reply),
    onFailed: (error) => log.failed(error),
  });
}

/**
 * What is not collected stays in the sums of the SDK, and a reader does not export what is empty. What is collected is
 * sent, even if the exporter would take no more by the time it is collected.
 */
function collectOnlyWhatIsTaken(reader: IMetricReader, exporter: BackgroundExporter, ownResource: Resource): void {
  const collect = reader.collect.bind(reader);
  const shutdown = reader.shutdown.bind(reader);
  const nothing: CollectionResult = { resourceMetrics: { resource: ownResource, scopeMetrics: [] }, errors: [] };
  reader.collect = async (options) => {
    if (!exporter.takes()) return nothing;
    const collected = await collect(options);
    exporter.hasTaken(collected.resourceMetrics);
    return collected;
  };
  reader.shutdown = (options) => {
    exporter.takesTheLast();
    return shutdown(options);
  };
}

/**
 * Detected attributes override the SDK's own; `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` override both, except
 * for what names the dyno and the process.
 */
async function resource(): Promise<Resource> {
  const { defaultResource, detectResources, envDetector } = await import('./opentelemetry-sdk.ts');
  return defaultResource().merge(detectResources({ detectors: [herokuDetector, envDetector, identityDetector] }));
}

/**
 * A config var is the same in all processes of all dynos, so it cannot name one of them. Drains, the platform and the
 * dyno's other processes go by the detected names.
 */
const identityDetector: typeof herokuDetector = {
  detect: () => {
    const detected = Object.entries(herokuDetector.detect().attributes);
    return { attributes: Object.fromEntries(detected.filter(([name]) => /^(?:heroku|tidemark)\./.test(name))) };
  },
};
