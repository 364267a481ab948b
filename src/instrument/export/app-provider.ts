import { createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import { ATTR_HEROKU_DYNO_ID, ATTR_HEROKU_DYNO_NAME, SCOPE_NAME } from '../../semconv.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import { subjectOf } from './subject.ts';

type RawAttribute = readonly [name: string, value: unknown];

interface Resource {
  /** The first of a name holds. A value is a promise where its detector asks over the network. */
  getRawAttributes?(): readonly RawAttribute[];
}

/** Where the SDKs of 2.x and 3.x keep what a provider was made with. The API shows none of it. */
interface SdkInternals {
  readonly _sharedState?: { readonly resource?: Resource; readonly metricCollectors?: readonly unknown[] };
}

/** What the API hands out, and an SDK before it has started: it drops everything. */
export function isNoop(provider: MeterProvider): boolean {
  return provider.constructor?.name === 'NoopMeterProvider' || provider.getMeter(SCOPE_NAME) === createNoopMeter();
}

/** Whether this is a dyno and the provider's resource certainly does not say which. An actuator drops such points. Never throws. */
export function lacksDyno(provider: MeterProvider, env: Environment): boolean {
  const attributes = attributesOf(provider);
  return Boolean(env.DYNO) && attributes !== null && !DYNO_ATTRIBUTES.every((name) => Boolean(attributes[name]));
}

const DYNO_ATTRIBUTES = [ATTR_HEROKU_DYNO_NAME, ATTR_HEROKU_DYNO_ID];

/** What a person has to know of measurements that go to the application's provider: we do not see its exports. Never throws. */
export function appProviderLine(provider: MeterProvider, env: Environment): string {
  if ((provider as SdkInternals)._sharedState?.metricCollectors?.length === 0) {
    return "nothing is reported: the meter provider of the application's OpenTelemetry SDK has no metric reader. Give the SDK metricReaders.";
  }
  if (lacksDyno(provider, env)) {
    return "measurements go to the application's OpenTelemetry SDK, whose resource names no dyno, so an actuator drops them. Add herokuDetector to the SDK's resourceDetectors.";
  }
  const attributes = attributesOf(provider);
  const { name, lacks } = attributes === null ? { name: 'this process', lacks: '' } : subjectOf(attributes);
  return `measuring ${name}, which the application's OpenTelemetry SDK exports${lacks}`;
}

/** The attributes of its resource, some of them promises; null where they cannot be seen. */
function attributesOf(provider: MeterProvider): Readonly<Record<string, unknown>> | null {
  try {
    const raw = (provider as SdkInternals)._sharedState?.resource?.getRawAttributes?.();
    return raw === undefined ? null : Object.fromEntries([...raw].reverse());
  } catch {
    return null;
  }
}
