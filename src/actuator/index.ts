/** `tidemark/actuator`: the service as a library, for programs that embed it. */
export { type ActuatorSettings, resolveActuatorSettings, type SettingsInput } from '../config/resolve.ts';
export { ConfigError } from '../model/errors.ts';
export { type RunningActuator, type StartOptions, startActuator } from './service.ts';
