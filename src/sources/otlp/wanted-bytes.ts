import { ByteNames } from './byte-names.ts';
import { type Selector, WANTED_METRICS } from './wanted-metrics.ts';

/** The wanted metrics as a reader of bytes compares them: without making strings of what is skipped. */

export const METRIC_NAMES = new ByteNames(WANTED_METRICS.map((metric) => metric.name));
/** In the order of `WANTED_METRICS`. */
export const METRICS = WANTED_METRICS.map((metric) => ({ ...metric, selector: inBytes(metric.selector) }));

/** A metric, and its selector in bytes. */
export type Metric = (typeof METRICS)[number];

function inBytes(selector: Selector | null) {
  if (selector === null) return null;
  return {
    attribute: new ByteNames([selector.attribute]),
    values: new ByteNames([...selector.fields.keys()]),
    fields: [...selector.fields.values()],
    withoutIt: selector.withoutIt,
  };
}
