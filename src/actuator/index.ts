/**
 * `tidemark/actuator`: the service as a library, for programs that embed it.
 *
 * @packageDocumentation
 */
export {
  type ActuatorSettings,
  type IngestToken,
  type KafkaSettings,
  type KafkaTls,
  type PointSource,
  resolveActuatorSettings,
} from '../config/resolve.ts';
export type { SettingsInput } from '../config/settings-reader.ts';
export { ConfigError, type ErrorCode, TidemarkError } from '../model/errors.ts';
export type { Permissions, Policy, Threshold } from '../model/policy.ts';
export type { TargetPattern } from '../model/target.ts';
export type {
  MappedAttribute,
  MappedField,
  MappedMetric,
  MappedResourceAttribute,
  MetricMap,
} from '../settings/metric-map.ts';
export type { Environment } from '../shared/otel-environment.ts';
export { type RunningActuator, type StartOptions, startActuator } from './service.ts';
