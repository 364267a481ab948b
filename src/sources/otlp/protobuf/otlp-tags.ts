/*
 * Tags on the wire, `field number << 3 | wire type`, from opentelemetry/proto/metrics/v1/metrics.proto. Numbers, not a
 * table: the switches over them are the hot path. A known field with another wire type is skipped like an unknown one.
 */
export const REQUEST_RESOURCE_METRICS = 0x0a;
export const RESOURCE_METRICS_RESOURCE = 0x0a;
export const RESOURCE_METRICS_SCOPE_METRICS = 0x12;
export const RESOURCE_ATTRIBUTES = 0x0a;
export const KEY_VALUE_KEY = 0x0a;
export const KEY_VALUE_VALUE = 0x12;
export const ANY_VALUE_STRING = 0x0a;
export const SCOPE_METRICS_SCOPE = 0x0a;
export const SCOPE_METRICS_METRICS = 0x12;
export const SCOPE_ATTRIBUTES = 0x1a;
export const METRIC_NAME = 0x0a;
export const METRIC_GAUGE = 0x2a;
export const METRIC_SUM = 0x3a;
export const METRIC_HISTOGRAM = 0x4a;
export const METRIC_EXPONENTIAL_HISTOGRAM = 0x52;
export const METRIC_SUMMARY = 0x5a;
export const DATA_POINTS = 0x0a;
export const DATA_TEMPORALITY = 0x10;
export const POINT_START = 0x11;
export const POINT_TIME = 0x19;
export const NUMBER_AS_DOUBLE = 0x21;
export const NUMBER_AS_INT = 0x31;
export const NUMBER_ATTRIBUTES = 0x3a;
export const NUMBER_FLAGS = 0x40;
export const HISTOGRAM_COUNT = 0x21;
export const HISTOGRAM_SUM = 0x29;
export const HISTOGRAM_BUCKETS = 0x32;
export const HISTOGRAM_BOUNDS = 0x3a;
export const HISTOGRAM_ATTRIBUTES = 0x4a;
export const HISTOGRAM_FLAGS = 0x50;
export const HISTOGRAM_MAX = 0x61;
export const EXPONENTIAL_ATTRIBUTES = 0x0a;
export const EXPONENTIAL_MAX = 0x69;
