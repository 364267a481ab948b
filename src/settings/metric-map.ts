import type { Parsed, ValueKind } from './values.ts';

/** What a foreign metric says: memory of one process, or of a whole dyno; its swap; its quota. */
const MAPPED_FIELDS: readonly MappedField[] = ['rss', 'usage', 'swap', 'limit'];
/** What a foreign attribute of the resource says. */
const MAPPED_ATTRIBUTES: readonly MappedAttribute[] = ['app', 'dyno', 'boot', 'release', 'process'];

/** What a foreign metric can give of a measurement. */
export type MappedField = 'rss' | 'usage' | 'swap' | 'limit';
/** What a foreign resource attribute can give. */
export type MappedAttribute = 'app' | 'dyno' | 'boot' | 'release' | 'process';

/** Which metrics and attributes of other senders make a measurement. Tidemark's own come first. */
export interface MetricMap {
  /** Names of metrics, and what each of them gives. */
  readonly metrics: readonly MappedMetric[];
  /** Names of resource attributes; of several for one thing, the first that a resource has counts. */
  readonly attributes: readonly MappedResourceAttribute[];
}

/** A foreign metric. */
export interface MappedMetric {
  /** What it gives. */
  readonly field: MappedField;
  /** Its name, for example `container.memory.usage`. */
  readonly name: string;
}

/** A foreign resource attribute. */
export interface MappedResourceAttribute {
  /** What it gives. */
  readonly attribute: MappedAttribute;
  /** Its name, for example `host.name`. */
  readonly name: string;
}

/** As the semantic conventions map Heroku's own variables. `process.pid`: several processes share a dyno. */
const SEMANTIC = 'app=service.name,boot=service.instance.id,process=process.pid';

/** Names that are known, each with the entries that it stands for. */
const METRIC_MAP_PRESETS: Readonly<Record<string, string>> = {
  process: `rss=process.memory.usage,${SEMANTIC}`,
  container: `usage=container.memory.usage,${SEMANTIC}`,
  hostmetrics: `rss=process.memory.physical_usage,${SEMANTIC}`,
};

const MAX_ENTRIES = 50;
const NAME = /^[A-Za-z][\w.\-/]{0,127}$/;
const EXAMPLE = 'for example "usage=container.memory.usage" or "dyno=host.name"';

/** Presets and `ours=theirs`, in a list. */
export const METRIC_MAP: ValueKind<MetricMap> = {
  form: 'list of presets and `ours=theirs`',
  expected: `a list of presets (${Object.keys(METRIC_MAP_PRESETS).join(', ')}) and ours=theirs`,
  isShown: true,
  parse: parseMetricMap,
};

/** Null for text that is no preset. */
function presetOf(name: string): string | null {
  return Object.hasOwn(METRIC_MAP_PRESETS, name) ? (METRIC_MAP_PRESETS[name] ?? null) : null;
}

function parseMetricMap(text: string): Parsed<MetricMap> {
  const entries = text.split(',').map((entry) => entry.trim());
  const faults: string[] = [];
  const metrics: { field: MappedField; name: string }[] = [];
  const attributes: { attribute: MappedAttribute; name: string }[] = [];
  for (const entry of entries.flatMap((one) => presetOf(one)?.split(',') ?? [one])) {
    if (entry === '') continue;
    const [, ours = '', theirs = ''] = /^([^=]*)=(.*)$/.exec(entry)?.map((part) => part.trim()) ?? [];
    const fault = faultOf(entry, ours, theirs);
    const field = MAPPED_FIELDS.find((name) => name === ours);
    const attribute = MAPPED_ATTRIBUTES.find((name) => name === ours);
    const other = field === undefined ? undefined : metrics.find(({ name }) => name === theirs);
    if (fault !== null) faults.push(fault);
    else if (other !== undefined && other.field !== field)
      faults.push(`${theirs} is mapped to ${other.field} and to ${ours}: leave one of them`);
    else if (field !== undefined && other === undefined) metrics.push({ field, name: theirs });
    else if (attribute !== undefined) attributes.push({ attribute, name: theirs });
  }
  if (metrics.length + attributes.length > MAX_ENTRIES) faults.push(`more than ${MAX_ENTRIES} entries`);
  return faults.length > 0 ? { faults } : { value: { metrics, attributes } };
}

function faultOf(entry: string, ours: string, theirs: string): string | null {
  if (!entry.includes('='))
    return `"${entry}" is no preset (${Object.keys(METRIC_MAP_PRESETS).join(', ')}) and not ours=theirs, ${EXAMPLE}`;
  if (![...MAPPED_FIELDS, ...MAPPED_ATTRIBUTES].some((name) => name === ours))
    return (
      `"${entry}": "${ours}" is none of the metrics ${MAPPED_FIELDS.join(', ')} and none of the attributes ` +
      MAPPED_ATTRIBUTES.join(', ')
    );
  if (!NAME.test(theirs)) return `"${entry}": "${theirs}" is not the name of a metric or an attribute, ${EXAMPLE}`;
  return theirs.startsWith('system.memory.')
    ? `"${entry}": on Heroku ${theirs} is the memory of the host, which other customers share, not of the dyno`
    : null;
}
