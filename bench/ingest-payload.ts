import { gzipSync } from 'node:zlib';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { ProtobufMetricsSerializer, realProvider } from '../test/sources/otlp/senders/real-sdk.ts';

/** 512 processes with 16 data points each: what a Collector hands on in one batch. */
const PROCESSES = 512;
const DATA_POINTS_PER_PROCESS = 16;
export const DATA_POINTS = PROCESSES * DATA_POINTS_PER_PROCESS;

export interface Payload {
  /** As the wire has it after decompression. */
  readonly protobuf: Uint8Array;
  readonly gzip: Uint8Array;
}

/** One batch for each time: the same processes, measured again. */
export async function payloads(timesMs: readonly number[]): Promise<readonly Payload[]> {
  const processes: ResourceMetrics[] = [];
  for (let index = 0; index < PROCESSES; index++) processes.push(await measured(index));
  return timesMs.map((timeMs) => {
    const parts = processes.map((metrics) => ProtobufMetricsSerializer.serializeRequest(at(timeMs, metrics)));
    // Requests one after the other are one request with all their resources: that is how protobuf merges.
    const protobuf = Buffer.concat(parts.filter((part) => part !== undefined));
    return { protobuf, gzip: gzipSync(protobuf) };
  });
}

/**
 * What the SDK collects of one worker with two queues and a job name in each; random so that it compresses like real
 * numbers.
 */
async function measured(index: number): Promise<ResourceMetrics> {
  const { provider, collect } = realProvider(identity(index));
  const meter = provider.getMeter('tidemark', '0.1.0');
  const bytes = () => Math.floor(2 ** 28 * (1 + Math.random()));
  const whole = { unit: 'By', description: 'Memory.' };
  const add = (name: string, values: readonly Record<string, string>[]) => {
    const counter = meter.createUpDownCounter(name, whole);
    for (const attributes of values) counter.add(bytes(), attributes);
  };
  const jobs = ['mail', 'pdf'].map((queue) => ({
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'bullmq.job.name': `${queue}-job`,
    'bullmq.job.outcome': 'completed',
    'tidemark.attribution': 'exclusive',
  }));
  add('process.memory.usage', [{}]);
  add('tidemark.dyno.memory.usage', [{ 'tidemark.memory.state': 'resident' }, { 'tidemark.memory.state': 'swap' }]);
  add('tidemark.dyno.memory.limit', [{}]);
  add('tidemark.process.memory.external', [{}]);
  add('tidemark.process.memory.array_buffers', [{}]);
  add(
    'bullmq.job.active',
    jobs.map(({ 'messaging.destination.name': queue }) => ({ 'messaging.destination.name': queue })),
  );
  add('bullmq.job.memory.net', jobs);
  for (const name of ['bullmq.job.memory.growth', 'bullmq.job.memory.reclaimed', 'messaging.process.duration']) {
    const histogram = meter.createHistogram(name, whole);
    for (const attributes of jobs)
      for (let job = 0; job < 20; job++) histogram.record(Math.random() * 1000, attributes);
  }
  return collect();
}

function identity(index: number): Record<string, string> {
  const id = crypto.randomUUID();
  return {
    'service.name': 'shop',
    'service.instance.id': crypto.randomUUID(),
    'service.version': 'v42',
    'cloud.provider': 'heroku',
    'heroku.app.id': '0b1c2d3e-0000-4000-8000-000000000000',
    'heroku.release.commit': '2c3a0b24069af49b3de35b8e8c26765c1dba9ff0',
    'heroku.app.name': 'shop',
    'heroku.dyno.name': `worker.${index + 1}`,
    'heroku.dyno.id': id,
    'heroku.process.type': 'worker',
    'tidemark.dyno.id.source': 'platform',
    'tidemark.dyno.start_time': '2026-01-02T03:04:05.678Z',
    'tidemark.process.role': 'main',
  };
}

function at(timeMs: number, metrics: ResourceMetrics): ResourceMetrics {
  const endTime: [number, number] = [Math.floor(timeMs / 1000), (timeMs % 1000) * 1e6];
  for (const scope of metrics.scopeMetrics) {
    for (const { dataPoints } of scope.metrics)
      for (const dataPoint of dataPoints) Object.assign(dataPoint, { endTime });
  }
  return metrics;
}
