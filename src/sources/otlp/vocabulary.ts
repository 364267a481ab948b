import {
  ATTR_DYNO_ID_SOURCE,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_PROCESS_ID,
  ATTR_SERVICE_VERSION,
} from '../../semconv.ts';
import type { MappedAttribute, MappedField, MetricMap } from '../../settings/metric-map.ts';
import { IDENTITY_ATTRIBUTES } from '../points/process-identity.ts';
import { ByteNames } from './byte-names.ts';
import { READ_METRICS } from './jobs/job-metrics.ts';
import { METRIC_NAMES } from './wanted-bytes.ts';
import { FIELDS, WANTED_METRICS, type WantedMetric } from './wanted-metrics.ts';

/**
 * The names that decoders look for. Those of an actuator without a map are constants, so a map costs others nothing.
 */
export interface Vocabulary {
  /** Places in it: first those of `READ_METRICS`. */
  readonly metricNames: ByteNames;
  /** By the same places; undefined where the metric is no field of a Point. */
  readonly metrics: readonly (WantedMetric | undefined)[];
  readonly metricsByName: ReadonlyMap<string, WantedMetric>;
  /** Places in it: first those of `IDENTITY_ATTRIBUTES`. */
  readonly identityNames: ByteNames;
  readonly identityPlaces: ReadonlyMap<string, number>;
  /** Fills the places of Tidemark's own attributes from those of others; null where there are no others. */
  readonly complete: ((identity: (string | undefined)[]) => void) | null;
}

export const OWN_VOCABULARY: Vocabulary = {
  metricNames: METRIC_NAMES,
  metrics: WANTED_METRICS,
  metricsByName: new Map(WANTED_METRICS.map((metric) => [metric.name, metric])),
  identityNames: new ByteNames(IDENTITY_ATTRIBUTES),
  identityPlaces: placesOf(IDENTITY_ATTRIBUTES),
  complete: null,
};

const FIELD_OF: Readonly<Record<MappedField, (typeof FIELDS)[number]>> = {
  rss: 'rssBytes',
  usage: 'treeResidentBytes',
  swap: 'treeSwapBytes',
  limit: 'limitBytes',
};

const ATTRIBUTE_OF: Readonly<Record<MappedAttribute, string>> = {
  app: ATTR_HEROKU_APP_NAME,
  dyno: ATTR_HEROKU_DYNO_NAME,
  boot: ATTR_HEROKU_DYNO_ID,
  release: ATTR_SERVICE_VERSION,
  process: ATTR_PROCESS_ID,
};

const ID_SOURCE = IDENTITY_ATTRIBUTES.indexOf(ATTR_DYNO_ID_SOURCE);

/** Tidemark's own names, and those of a map. */
export function vocabularyOf(map: MetricMap | null): Vocabulary {
  if (map === null) return OWN_VOCABULARY;
  const mapped = map.metrics.map(({ field, name }): WantedMetric => {
    const place = FIELDS.indexOf(FIELD_OF[field]);
    return { name, kind: 'value', field: place, sums: false, selector: null };
  });
  const metricsByName = new Map([...WANTED_METRICS, ...mapped].map((metric) => [metric.name, metric]));
  const names = [...new Set([...READ_METRICS, ...mapped.map(({ name }) => name)])];
  const attributes = [...new Set([...IDENTITY_ATTRIBUTES, ...map.attributes.map(({ name }) => name)])];
  const places = placesOf(attributes);
  const copies = map.attributes.map(({ attribute, name }) => ({
    from: places.get(name) as number,
    to: places.get(ATTRIBUTE_OF[attribute]) as number,
  }));
  return {
    metricNames: new ByteNames(names),
    metrics: names.map((name) => metricsByName.get(name)),
    metricsByName,
    identityNames: new ByteNames(attributes),
    identityPlaces: places,
    complete: (identity) => {
      for (const { from, to } of copies) identity[to] ||= identity[from];
      // An id that is said to be the platform's is compared with the one that its API lists, so no harm comes of a lie.
      identity[ID_SOURCE] ||= 'platform';
    },
  };
}

function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, place) => [name, place]));
}
