import { createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import { ATTR_HEROKU_DYNO_ID, ATTR_HEROKU_DYNO_NAME, SCOPE_NAME } from '../../semconv.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import { onlyUse } from './app-exports.ts';
import { type Subject, subjectOf } from './subject.ts';

type RawAttribute = readonly [name: string, value: unknown];

interface Resource {
  /** The first attribute of a name wins. A value is a promise if its detector makes a network request. */
  getRawAttributes?(): readonly RawAttribute[];
  /** SDK 1.x: what is known before its detectors have made their network requests. None of those knows the dyno. */
  readonly _syncAttributes?: Readonly<Record<string, unknown>>;
}

/** Where the SDKs 1.x to 3.x keep what a provider was created with. The API does not expose it. */
interface SdkInternals {
  readonly _sharedState?: { readonly resource?: Resource; readonly metricCollectors?: readonly unknown[] };
}

/** What the API returns without an SDK, and what an SDK returns before it has started: it drops everything. */
export function isNoop(provider: MeterProvider): boolean {
  return provider.constructor?.name === 'NoopMeterProvider' || provider.getMeter(SCOPE_NAME) === createNoopMeter();
}

/**
 * Whether this is a dyno and the provider's resource certainly does not name it. An actuator drops such points. Never
 * throws.
 */
export function lacksDyno(provider: MeterProvider, env: Environment): boolean {
  const attributes = attributesOf(provider);
  return Boolean(env.DYNO) && attributes !== null && !DYNO_ATTRIBUTES.every((name) => Boolean(attributes[name]));
}

/**
 * Whether the provider has no reader, so that nothing leaves it. An SDK makes such a provider if it is given views and
 * no reader.
 */
export function lacksReader(provider: MeterProvider): boolean {
  return (provider as SdkInternals)._sharedState?.metricCollectors?.length === 0;
}

const DYNO_ATTRIBUTES = [ATTR_HEROKU_DYNO_NAME, ATTR_HEROKU_DYNO_ID];

/** What a person must know about measurements that go to the application's provider. Never throws. */
export function appProviderLine(provider: MeterProvider, env: Environment): string {
  if (lacksReader(provider)) {
    return (
      "nothing is reported: the meter provider of the application's OpenTelemetry SDK has no metric reader. " +
      'Give the SDK metricReaders.'
    );
  }
  if (lacksDyno(provider, env)) {
    return (
      "measurements go to the application's OpenTelemetry SDK, whose resource does not name the dyno, " +
      "so an actuator drops them. Add herokuDetector to the SDK's resourceDetectors."
    );
  }
  const { name, lacks } = subjectOfProvider(provider);
  const use = onlyUse(provider);
  if (use === null) return `measuring ${name}, which the application's OpenTelemetry SDK exports${lacks}`;
  return (
    `measuring ${name}, which the application's OpenTelemetry SDK only ${use}: an actuator does not receive it. ` +
    'To have it reported, add to metricReaders a PeriodicExportingMetricReader that exports OTLP over HTTP.'
  );
}

/** Never throws. */
export function subjectOfProvider(provider: MeterProvider): Subject {
  const attributes = attributesOf(provider);
  return attributes === null ? { name: 'this process', lacks: '' } : subjectOf(attributes);
}

/** The attributes of its resource, some of them promises; null if they are not accessible. */
function attributesOf(provider: MeterProvider): Readonly<Record<string, unknown>> | null {
  try {
    const resource = (provider as SdkInternals)._sharedState?.resource;
    const raw = resource?.getRawAttributes?.();
    return raw === undefined ? (resource?._syncAttributes ?? null) : Object.fromEntries([...raw].reverse());
  } catch {
    return null;
  }
}
