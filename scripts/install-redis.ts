/** Run before the demo in a clone: installs a Redis server where there is none, unless REDIS_URL names one. */
import { installedProgram, REDIS } from './installed-program.ts';

// The demo itself says what to do where this fails.
if (!process.env.REDIS_URL) await installedProgram(REDIS).catch(() => undefined);
