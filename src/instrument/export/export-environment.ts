import {
  decodedOrNull,
  type Environment,
  endpointVariable,
  headerEntries,
  isSdkDisabled,
  parseMilliseconds,
} from '../../shared/otel-environment.ts';
import type { Transport } from '../settings.ts';

/** The actuator assesses curves by the minute and needs several points in each; OpenTelemetry's own default is 60 s. */
const DEFAULT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Exports cost CPU time that the jobs need: who writes `10` means seconds. */
const MIN_INTERVAL_MS = 100;

export interface ExportSettings {
  readonly exporters: readonly ('otlp' | 'console' | 'redis')[];
  readonly intervalMs: number;
  /** For one export, including its retries; at most the interval. */
  readonly timeoutMs: number;
  /** What is wrong in the environment, or keeps measurements from leaving; one sentence each. */
  readonly notes: readonly string[];
}

/** What OpenTelemetry's standard variables and the transports ask of Tidemark's own provider. */
export function readExportSettings(env: Environment, transports: readonly Transport[]): ExportSettings {
  const notes: string[] = [];
  const milliseconds = (name: string, fallback: number) => {
    const text = env[name]?.trim() ?? '';
    const ms = parseMilliseconds(text);
    if (text === '' || ms !== null) return ms ?? fallback;
    notes.push(`${name} is not a number of milliseconds above zero; using ${fallback}.`);
    return fallback;
  };
  const askedMs = milliseconds('OTEL_METRIC_EXPORT_INTERVAL', DEFAULT_INTERVAL_MS);
  const intervalMs = Math.max(askedMs, MIN_INTERVAL_MS);
  if (askedMs < intervalMs) {
    notes.push(`OTEL_METRIC_EXPORT_INTERVAL=${askedMs} is in milliseconds; using ${intervalMs}, the minimum.`);
  }
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

/**
 * Whether Tidemark's own provider has somewhere to send: a receiver that the environment names (the standard's default
 * is a port of this machine), or the stream.
 */
export function canReport(env: Environment, transports: readonly Transport[]): boolean {
  const { exporters } = readExportSettings(env, transports);
  return exporters.includes('redis') || (exporters.includes('otlp') && endpointVariable(env) !== null);
}

function overOtlp(env: Environment): Pick<ExportSettings, 'notes'> & { exporters: ('otlp' | 'console')[] } {
  const names = exporterNames(env);
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

/** In lower case: OpenTelemetry's specification lets values of closed lists be written in any. */
function exporterNames(env: Environment): readonly string[] {
  const names = (env.OTEL_METRICS_EXPORTER ?? '').toLowerCase().split(',');
  const given = names.map((name) => name.trim()).filter((name) => name !== '');
  return given.length === 0 ? ['otlp'] : given;
}

function exporterNote(name: string): string[] {
  if (name === 'otlp') return [];
  if (name === 'console')
    return ['OTEL_METRICS_EXPORTER names console: those measurements are printed here and do not reach an actuator.'];
  return [`OTEL_METRICS_EXPORTER names "${name}", which Tidemark does not support. Set it to otlp to report.`];
}

function endpointNote(env: Environment): string | null {
  const variable = endpointVariable(env);
  const url = URL.parse(env[variable ?? '']?.trim() ?? '');
  if (variable === null || url?.protocol === 'http:' || url?.protocol === 'https:') return null;
  // The value is not repeated: it may hold a password.
  return (
    `${variable} is not an address that begins with http:// or https://, so nothing is reported. ` +
    'Set it to one, like https://my-tidemark-0123456789ab.herokuapp.com.'
  );
}

function protocolNote(env: Environment): string[] {
  const names = ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const name = names.find((one) => Boolean(env[one]?.trim()));
  const value = env[name ?? '']?.trim().toLowerCase();
  if (name === undefined || value === 'http/protobuf' || value === 'http/json') return [];
  return [
    `${name}=${value} is not supported: Tidemark sends OTLP over HTTP as JSON. ` +
      'If the endpoint is a gRPC port, set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to the HTTP one, ' +
      'like http://collector:4318/v1/metrics.',
  ];
}

function optionNotes(env: Environment): string[] {
  const notes: string[] = [];
  for (const signal of ['', 'METRICS_']) {
    const [timeout, compression] = [`OTEL_EXPORTER_OTLP_${signal}TIMEOUT`, `OTEL_EXPORTER_OTLP_${signal}COMPRESSION`];
    const [timeoutText, compressionText] = [env[timeout]?.trim() ?? '', env[compression]?.trim() ?? ''];
    if (timeoutText !== '' && parseMilliseconds(timeoutText) === null) {
      notes.push(`${timeout} is not a number of milliseconds above zero and is ignored.`);
    }
    if (!['', 'none', 'gzip'].includes(compressionText))
      notes.push(`${compression} is not gzip or none and is ignored.`);
  }
  return notes;
}

/** OpenTelemetry skips an entry that it cannot read, and the receiver then misses a token. */
function headerNotes(env: Environment): string[] {
  const broken = headerEntries(env).filter(([, entry]) => !isHeader(entry));
  return [...new Set(broken.map(([variable]) => variable))].map(
    (variable) =>
      `${variable} has an entry that is ignored: it is not name=value, ` +
      'or has a % that is not before two hex digits. Write Authorization=Bearer%20<token>.',
  );
}

/** OpenTelemetry drops all attributes if it cannot read one. */
function resourceNote(env: Environment): string[] {
  const fault = resourceFault(env.OTEL_RESOURCE_ATTRIBUTES ?? '');
  return fault === null ? [] : [`OTEL_RESOURCE_ATTRIBUTES has ${fault}`];
}

function resourceFault(text: string): string | null {
  for (const entry of text.split(',').map((one) => one.trim())) {
    if (entry === '') continue;
    const [name = '', value, ...others] = entry.split('=').map((part) => decodedOrNull(part.trim()));
    if (name === null || value === null) {
      return 'a % that is not before two hex digits, and all of it is ignored. Write it as %25.';
    }
    if (name === '' || value === undefined || others.length > 0) {
      return 'an entry that is not name=value, and all of it is ignored. Write a comma in a value as %2C, a = as %3D.';
    }
    if (name.length > MAX_ATTRIBUTE_LENGTH || value.length > MAX_ATTRIBUTE_LENGTH) {
      return `an entry of more than ${MAX_ATTRIBUTE_LENGTH} characters, and all of it is ignored. Shorten it.`;
    }
  }
  return null;
}

/** Characters of a name or a value that OpenTelemetry reads. */
const MAX_ATTRIBUTE_LENGTH = 255;

function isHeader(entry: string): boolean {
  return /^[^=\s]+\s*=./.test(entry) && decodedOrNull(entry) !== null;
}
