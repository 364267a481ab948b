/** What is compared: the same worker, with one thing or another in its process. */
export interface Variant {
  readonly name: string;
  readonly label: string;
  /** Arguments of node, before the program. */
  readonly nodeArgs: readonly string[];
  /** Of ./measured. */
  readonly program: string;
  /** A module of ./measured whose `setUp` runs in the process before the worker is made; null: none. */
  readonly setUp: string | null;
  /**
   * A metric that must have reached the receiver by the end, because a variant that measures nothing costs nothing.
   * Null: it exports nothing.
   */
  readonly mustExport: string | null;
}

const inProcess = (file: string) => new URL(`measured/${file}`, import.meta.url).href;

export const BARE: Variant = {
  name: 'bare',
  label: 'bare',
  nodeArgs: [],
  program: 'worker.mjs',
  setUp: null,
  mustExport: null,
};

/** Shows the differences below which the method cannot distinguish variants. */
export const BARE_AGAIN: Variant = { ...BARE, name: 'bare-again', label: 'bare again (control)' };

export const TIDEMARK_ALONE: Variant = {
  name: 'tidemark-alone',
  label: 'tidemark, own provider',
  // The build, as an application loads it: by the first line of its code.
  nodeArgs: [],
  program: 'registered-worker.mjs',
  setUp: null,
  mustExport: 'messaging.process.duration',
};

/** Loaded by a Node option instead: BullMQ's code is then read twice. */
export const TIDEMARK_PRELOADED: Variant = {
  ...TIDEMARK_ALONE,
  name: 'tidemark-preloaded',
  label: 'tidemark, own provider, by --import',
  nodeArgs: ['--import', import.meta.resolve('tidemark/register')],
  program: 'worker.mjs',
};

export const TIDEMARK_ON_APP: Variant = {
  name: 'tidemark-on-app',
  label: "tidemark, app's provider",
  nodeArgs: [],
  program: 'worker.mjs',
  setUp: inProcess('tidemark-on-app.mjs'),
  mustExport: 'messaging.process.duration',
};

export const APP_ALONE: Variant = {
  name: 'app-alone',
  label: 'the same app without it',
  nodeArgs: [],
  program: 'worker.mjs',
  setUp: inProcess('app-alone.mjs'),
  mustExport: 'app.up',
};

export const BULLMQ_OTEL: Variant = {
  name: 'bullmq-otel',
  label: 'bullmq-otel 2 with metrics',
  nodeArgs: [],
  program: 'worker.mjs',
  setUp: inProcess('bullmq-otel.mjs'),
  mustExport: 'bullmq.job.duration',
};

export const NAIVE_WRAPPER: Variant = {
  name: 'naive-wrapper',
  label: 'naive wrapper',
  nodeArgs: [],
  program: 'worker.mjs',
  setUp: inProcess('naive-wrapper.mjs'),
  mustExport: 'naive.job.duration',
};
