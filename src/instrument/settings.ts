import type { Setting } from '../settings/setting.ts';
import { SETTING_NAMES, SETTINGS, settingsOf } from '../settings/settings.ts';
import { type Environment, endpointVariable } from '../shared/otel-environment.ts';

/** A way in which a worker may send its measurements. */
export type Transport = 'otlp' | 'redis';

export interface WorkerSettings {
  /** 1 to 1000. */
  readonly maxJobNames: number;
  readonly transports: readonly Transport[];
  /** Whether the actuator runs inside this process. */
  readonly embedded: boolean;
  /** Whether it reports what its memory was made of before a restart. */
  readonly memoryReport: boolean;
  /** What is wrong in the environment, one sentence each. The worker continues with defaults. */
  readonly faults: readonly string[];
}

/**
 * The worker's settings. A bad value is a fault, and its default is used: monitoring must not make a worker fail.
 * Settings of the actuator are known but not read, so that one shared set of config vars causes no warning.
 */
export function readWorkerSettings(env: Environment): WorkerSettings {
  const unknown = Object.keys(env).filter((name) => name.startsWith('TIDEMARK_') && !SETTING_NAMES.has(name));
  const read = settingsOf('worker').filter(({ name }) => name.startsWith('TIDEMARK_'));
  return {
    maxJobNames: readValue(SETTINGS.maxJobNames, env),
    transports: transportsOf(env),
    embedded: readValue(SETTINGS.embedded, env),
    memoryReport: readValue(SETTINGS.memoryReport, env),
    faults: [
      ...unknown.map((name) => `${name} is not a setting of Tidemark: correct or remove it`),
      ...read.flatMap((setting) => faultOf(setting, env)),
    ],
  };
}

/** An actuator inside a worker reads the points stream; another receiver gets its points as well, where one is set. */
function transportsOf(env: Environment): readonly Transport[] {
  const transports = readValue(SETTINGS.transports, env);
  if (!readValue(SETTINGS.embedded, env) || transports.includes('redis')) return transports;
  const isAsked = Boolean(env[SETTINGS.transports.name]?.trim()) || endpointVariable(env) !== null;
  return isAsked ? [...transports, 'redis'] : ['redis'];
}

function readValue<T>({ name, value, fallback }: Setting<T>, env: Environment): T {
  const parsed = value.parse(env[name]?.trim() ?? '');
  return 'value' in parsed ? parsed.value : fallback.of(0);
}

function faultOf({ name, value, fallback }: Setting<unknown>, env: Environment): readonly string[] {
  // As in the actuator: an empty variable is not set, and spaces around a value do not count.
  const text = env[name]?.trim() ?? '';
  if (text === '' || 'value' in value.parse(text)) return [];
  const byDefault = fallback.text.replaceAll('`', '');
  return [`${name}="${text}" is not ${value.expected}; using the default (${byDefault})`];
}
