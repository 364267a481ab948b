/** `tidemark/actuator`: the service as a library, for programs that embed it. */
export { type ActuatorSettings, resolveActuatorSettings } from '../config/resolve.ts';
export type { SettingsInput } from '../config/settings-reader.ts';
export { ConfigError } from '../model/errors.ts';
export { type RunningActuator, startActuator } from './service.ts';
