import {
  type Environment,
  endpointVariable,
  headerEntries,
  isSdkDisabled,
  parseMilliseconds,
} from '../../shared/otel-environment.ts';
import type { Transport } from '../settings.ts';

/** An actuator that judges by the minute needs several points in it; OpenTelemetry's own default is 60 s. */
const DEFAULT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 30_000;

export interface ExportSettings {
  readonly exporters: readonly ('otlp' | 'console' | 'redis')[];
  readonly intervalMs: number;
  /** For one export, its retries included; at most the interval. */
  readonly timeoutMs: number;
  /** What of the environment is wrong, or keeps measurements from leaving; a sentence each. */
  readonly notes: readonly string[];
}

/** What OpenTelemetry's standard variables and the transports ask of a provider of our own. */
export function readExportSettings(env: Environment, transports: readonly Transport[]): ExportSettings {
  const notes: string[] = [];
  const milliseconds = (name: string, fallback: number) => {
    const text = env[name]?.trim() ?? '';
    const ms = parseMilliseconds(text);
    if (text === '' || ms !== null) return ms ?? fallback;
    notes.push(`${name} is no number of milliseconds above zero; using ${fallback}.`);
    return fallback;
  };
  const intervalMs = milliseconds('OTEL_METRIC_EXPORT_INTERVAL', DEFAULT_INTERVAL_MS);
  const timeoutMs = Math.min(milliseconds('OTEL_METRIC_EXPORT_TIMEOUT', DEFAULT_TIMEOUT_MS), intervalMs);
  if (isSdkDisabled(env)) return { exporters: [], intervalMs, timeoutMs, notes: [SDK_DISABLED] };
  const exporters: ExportSettings['exporters'][number][] = [];
  notes.push(...resourceNote(env));
  if (transports.includes('otlp')) {
    const otlp = overOtlp(env);
    exporters.push(...otlp.exporters);
    notes.push(...otlp.notes);
  }
  if (transports.includes('redis')) exporters.push('redis');
  return { exporters, intervalMs, timeoutMs, notes };
}

export const SDK_DISABLED = 'OTEL_SDK_DISABLED=true: nothing is measured or reported.';

/** Whether a provider of our own has somewhere to send: a receiver that the environment names (the standard's default is a port of this machine), or the stream. */
export function canReport(env: Environment, transports: readonly Transport[]): boolean {
  const { exporters } = readExportSettings(env, transports);
  return exporters.includes('redis') || (exporters.includes('otlp') && endpointVariable(env) !== null);
}

function overOtlp(env: Environment): Pick<ExportSettings, 'notes'> & { exporters: ('otlp' | 'console')[] } {
  const names = (env.OTEL_METRICS_EXPORTER?.trim() || 'otlp').split(',').map((name) => name.trim());
  if (names.includes('none')) {
    return { exporters: [], notes: ['OTEL_METRICS_EXPORTER=none: nothing is reported. Set it to otlp to report.'] };
  }
  const notes = names.flatMap(exporterNote);
  const isConsole = names.includes('console');
  if (!names.includes('otlp')) return { exporters: isConsole ? ['console'] : [], notes };
  const endpointFault = endpointNote(env);
  const otlp =
    endpointFault === null ? [...protocolNote(env), ...optionNotes(env), ...headerNotes(env)] : [endpointFault];
  const exporters = [
    ...(endpointFault === null ? (['otlp'] as const) : []),
    ...(isConsole ? (['console'] as const) : []),
  ];
  return { exporters, notes: [...notes, ...otlp] };
}

function exporterNote(name: string): string[] {
  if (name === 'otlp') return [];
  if (name === 'console')
    return ['OTEL_METRICS_EXPORTER names console: those measurements reach this output, no actuator.'];
  return [`OTEL_METRICS_EXPORTER names "${name}", which Tidemark cannot export by. Set it to otlp to report.`];
}

function endpointNote(env: Environment): string | null {
  const variable = endpointVariable(env);
  const url = URL.parse(env[variable ?? '']?.trim() ?? '');
  if (variable === null || url?.protocol === 'http:' || url?.protocol === 'https:') return null;
  // Its value is not repeated: it may hold a password.
  return `${variable} is no address that begins with http:// or https://, so nothing is reported. Set it to one, like https://my-tidemark-0123456789ab.herokuapp.com.`;
}

function protocolNote(env: Environment): string[] {
  const names = ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const name = names.find((one) => Boolean(env[one]?.trim()));
  const value = env[name ?? '']?.trim();
  if (name === undefined || value === 'http/protobuf' || value === 'http/json') return [];
  return [
    `${name}=${value} is not what Tidemark speaks: it sends OTLP over HTTP as JSON. Where the endpoint is a gRPC port, set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to the HTTP one, like http://collector:4318/v1/metrics.`,
  ];
}

function optionNotes(env: Environment): string[] {
  const notes: string[] = [];
  for (const signal of ['', 'METRICS_']) {
    const [timeout, compression] = [`OTEL_EXPORTER_OTLP_${signal}TIMEOUT`, `OTEL_EXPORTER_OTLP_${signal}COMPRESSION`];
    const [timeoutText, compressionText] = [env[timeout]?.trim() ?? '', env[compression]?.trim() ?? ''];
    if (timeoutText !== '' && parseMilliseconds(timeoutText) === null) {
      notes.push(`${timeout} is no number of milliseconds above zero and is ignored.`);
    }
    if (!['', 'none', 'gzip'].includes(compressionText))
      notes.push(`${compression} is not gzip or none and is ignored.`);
  }
  return notes;
}

/** OpenTelemetry passes over an entry that it cannot read, and the receiver then misses a token. */
function headerNotes(env: Environment): string[] {
  const broken = headerEntries(env).filter(([, entry]) => !isHeader(entry));
  return [...new Set(broken.map(([variable]) => variable))].map(
    (variable) =>
      `${variable} has an entry that is no name=value with % only before two hex digits, and it is ignored. Write Authorization=Bearer%20<token>.`,
  );
}

/** OpenTelemetry drops all of them for one that it cannot read. */
function resourceNote(env: Environment): string[] {
  if (isDecodable(env.OTEL_RESOURCE_ATTRIBUTES ?? '')) return [];
  return [
    'OTEL_RESOURCE_ATTRIBUTES has a % that is not before two hex digits, and all of it is ignored. Write it as %25.',
  ];
}

function isHeader(entry: string): boolean {
  return /^[^=\s]+\s*=./.test(entry) && isDecodable(entry);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
