/**
 * Writes the reference of the public API (`npm run docs:api`). TypeDoc drives the compiler through the API of
 * TypeScript 6, which TypeScript 7 does not have: what it imports as "typescript" is led to the TypeScript 6 that is
 * installed under another name for this alone.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    next(/^typescript(\/|$)/.test(specifier) ? specifier.replace('typescript', 'typescript6') : specifier, context),
});

const { Application, TSConfigReader, TypeDocReader } = await import('typedoc');
const app = await Application.bootstrapWithPlugins({}, [new TypeDocReader(), new TSConfigReader()]);
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
await app.generateOutputs(project);
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
