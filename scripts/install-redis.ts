/** Run before the demo in a clone: installs a Redis server if none is installed, unless REDIS_URL names one. */
import { installedProgram, REDIS } from './installed-program.ts';

// If this fails, the demo says what to do.
if (!process.env.REDIS_URL) await installedProgram(REDIS).catch(() => undefined);
