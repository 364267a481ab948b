import { type Target, targetKey } from '../../model/target.ts';
import { printable } from '../../model/text/printable.ts';

/** Which config vars a person has to set. Pure: what is known of the apps in, steps out. */

/** An app as the Platform API knows it. */
export interface KnownApp {
  readonly name: string;
  /** Where its web dynos answer, without a trailing slash; null for an app without an address. */
  readonly url: string | null;
  /** Its config vars, secrets included: no value of them is ever printed. Null: not read, or the token may not. */
  readonly config: Readonly<Record<string, string>> | null;
}

/** A config var's new value: the text itself, or shell that makes it where nobody sees it. */
export type NewValue = { readonly text: string } | { readonly shell: string };

/** What is to be done with one app. */
export interface Step {
  readonly app: string;
  /** Why, in a sentence. */
  readonly why: string;
  /** Labs features to switch on first. */
  readonly labs: readonly string[];
  readonly config: Readonly<Record<string, NewValue>>;
}

export interface WebRequest {
  readonly target: Target;
  readonly actuator: KnownApp & { readonly url: string };
  readonly worker: KnownApp;
  /** The worker's app exports OTLP elsewhere, which stays so. */
  readonly hasOtherExport: boolean;
  /** Makes a fresh token: letters and digits alone, so that no header and no list needs an escape. */
  readonly freshToken: () => string;
}

const API_TOKEN: NewValue = {
  shell: '$(heroku authorizations:create -s read,write --description tidemark --short)',
};
const METADATA = 'runtime-dyno-metadata';

/** The actuator in an app of its own, and workers that send to its address. */
export function webSteps(request: WebRequest): readonly Step[] {
  const { target, actuator, worker, hasOtherExport } = request;
  const token = request.freshToken();
  const exports = hasOtherExport ? metricsAlone(actuator.url, token) : everySignal(actuator.url, token);
  return [
    {
      app: actuator.name,
      why:
        `The actuator: takes measurements of ${target.app}, and may restart ${targetKey(target)} ` +
        'once dry run is off.',
      labs: [METADATA],
      config: actuatorConfig(request, token),
    },
    {
      app: worker.name,
      why: hasOtherExport
        ? 'The workers: their metrics go to the actuator, their other signals stay where they are.'
        : 'The workers: their measurements go to the actuator.',
      labs: [METADATA],
      config: exports,
    },
  ];
}

function actuatorConfig(
  { target, actuator, freshToken }: WebRequest,
  ingestToken: string,
): Readonly<Record<string, NewValue>> {
  const given = actuator.config ?? {};
  const entry = `${target.app}=${ingestToken}`;
  return {
    ...(given.HEROKU_API_TOKEN ? {} : { HEROKU_API_TOKEN: API_TOKEN }),
    ...targetsWith(targetKey(target), actuator),
    // The tokens of other apps stay. The shell reads them, so that they are neither printed nor kept in a file.
    TIDEMARK_INGEST_TOKENS: given.TIDEMARK_INGEST_TOKENS
      ? { shell: `$(heroku config:get TIDEMARK_INGEST_TOKENS -a ${actuator.name}),${entry}` }
      : { text: entry },
    ...(given.TIDEMARK_ADMIN_TOKEN ? {} : { TIDEMARK_ADMIN_TOKEN: { text: freshToken() } }),
    ...(given.TIDEMARK_PUBLIC_URL ? {} : { TIDEMARK_PUBLIC_URL: { text: actuator.url } }),
  };
}

/** Empty where it is named already. A list that a terminal might obey is not printed: the shell reads it. */
function targetsWith(key: string, { name, config }: KnownApp): Readonly<Record<string, NewValue>> {
  const given = config?.TIDEMARK_TARGETS ?? '';
  const targets = given.split(',').map((entry) => entry.trim());
  if (targets.includes(key)) return {};
  const isPrintable = targets.every((entry) => printable(entry) === entry);
  const all = [...targets, key].filter((entry) => entry !== '').join(',');
  const shell = `$(heroku config:get TIDEMARK_TARGETS -a ${name}),${key}`;
  return { TIDEMARK_TARGETS: isPrintable ? { text: all } : { shell } };
}

function everySignal(url: string, token: string): Readonly<Record<string, NewValue>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: { text: url },
    OTEL_EXPORTER_OTLP_HEADERS: { text: authorization(token) },
  };
}

/**
 * The endpoint of one signal is used as it is, so it names the path. The protocol is that of one signal too: the app's
 * other signals may travel over gRPC, which no router of Heroku passes on.
 */
function metricsAlone(url: string, token: string): Readonly<Record<string, NewValue>> {
  return {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: { text: `${url}/v1/metrics` },
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: { text: 'http/protobuf' },
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: { text: authorization(token) },
  };
}

function authorization(token: string): string {
  return `Authorization=Bearer%20${token}`;
}

/** The actuator as one more process type of the worker's own app: measurements go over the queue's Redis. */
export function plainSteps({ app, processType }: Target): readonly Step[] {
  return [
    {
      app,
      why: `The actuator as a plain dyno of ${app}; it may restart ${app}:${processType} once dry run is off.`,
      labs: [METADATA],
      config: {
        TIDEMARK_TRANSPORT: { text: 'redis' },
        TIDEMARK_SOURCE: { text: 'redis' },
        TIDEMARK_TARGETS: { text: `.:${processType}` },
        HEROKU_API_TOKEN: API_TOKEN,
      },
    },
  ];
}

/** The actuator in a thread of the workers, whose measurements go over the queue's Redis. */
export function embeddedSteps({ app, processType }: Target): readonly Step[] {
  return [
    {
      app,
      why: `The actuator inside the workers of ${app}; it may restart ${app}:${processType} once dry run is off.`,
      labs: [METADATA],
      config: {
        TIDEMARK_EMBEDDED: { text: 'true' },
        TIDEMARK_TARGETS: { text: `.:${processType}` },
        HEROKU_API_TOKEN: API_TOKEN,
      },
    },
  ];
}

/** Whether the app sends telemetry to another address than the actuator's. Null: its config vars were not read. */
export function exportsElsewhere({ config }: KnownApp, actuatorUrl: string, signal: '' | 'METRICS_'): boolean | null {
  if (config === null) return null;
  const endpoint = config[`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`]?.trim() ?? '';
  return endpoint !== '' && originOf(endpoint) !== originOf(actuatorUrl);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
