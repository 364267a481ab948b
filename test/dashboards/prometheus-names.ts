import { METRICS, WORKER_ATTRIBUTES } from '../../src/emitted.ts';

const SUFFIXES: Readonly<Record<string, string>> = { By: '_bytes', s: '_seconds' };

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly instrument: string;
}

/** As Prometheus shows a metric of OpenTelemetry: a histogram has three names. */
function prometheusNames({ name, unit, instrument }: Metric): readonly string[] {
  const shown = `${underscored(name)}${SUFFIXES[unit] ?? ''}`;
  if (instrument === 'Histogram') return [`${shown}_bucket`, `${shown}_sum`, `${shown}_count`];
  return [instrument.endsWith('Counter') && !instrument.includes('UpDown') ? `${shown}_total` : shown];
}

function underscored(name: string): string {
  return name.replaceAll('.', '_');
}

/** Metrics and labels that Prometheus has from Tidemark, by way of the Collector. */
const KNOWN: ReadonlySet<string> = new Set([
  ...METRICS.flatMap(({ metric }) => prometheusNames(metric)),
  ...METRICS.flatMap(({ attributes }) => attributes.map(underscored)),
  ...WORKER_ATTRIBUTES.map(({ name }) => underscored(name)),
  ...['app', 'dyno', 'process_type', 'process_role', 'instance', 'le', 'alertname', 'alertstate', 'severity', 'ALERTS'],
]);

/** What PromQL itself says, without the functions, which a bracket follows. */
const WORDS = new Set([
  'by',
  'on',
  'or',
  'and',
  'unless',
  'bool',
  'offset',
  'count',
  'sum',
  'max',
  'min',
  'group_left',
  'ignoring',
]);

/** Names in a query that are neither PromQL's nor Tidemark's. Names of recording rules (`a:b`) are not looked at. */
export function unknownNames(expr: string): readonly string[] {
  const bare = expr.replaceAll(/"[^"]*"|\[[^\]]*\]|\$\w+|\b[\w]+:[\w:]+/g, ' ').replaceAll(/\boffset\s+\w+/g, ' ');
  const names = [...bare.matchAll(/\b([A-Za-z_]\w*)\b(\s*\()?/g)].flatMap(([, name = '', bracket]) =>
    WORDS.has(name) || bracket !== undefined ? [] : [name],
  );
  return names.filter((name) => !KNOWN.has(name));
}
