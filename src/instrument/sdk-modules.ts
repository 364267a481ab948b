import { createRequire } from 'node:module';

/**
 * Loads a package of OpenTelemetry that only a provider of our own needs. By `require`: as ES modules, which are many small files,
 * the SDK and its exporter hold 3 MB more in every worker. In a bundle by the `import` that the bundler has seen.
 *
 * @param load that `import`, written out
 */
export async function loadSdk<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  return OWN_FILE.test(import.meta.url) ? (createRequire(import.meta.url)(name) as Module) : load();
}

/** In a bundle this code is in another file: what lies beside that is the application's, of whatever version. */
const OWN_FILE = /\/instrument\/sdk-modules\.[jt]s$/;
