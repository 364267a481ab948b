import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { WorkerMethods } from './bullmq-patch.ts';

/**
 * Called when BullMQ is found in this process. The argument is the prototype of a `Worker` class. Each copy of BullMQ
 * has one; it is passed once, before the constructor of that copy's first worker runs. Null: this process creates a
 * queue, or listens to a queue's events. Must not throw.
 */
export type Sighting = (workerPrototype: WorkerMethods | null) => void;

/** Who is looking. A second copy of this package replaces the first. */
export type Looker = 'register' | 'instrumentation';

/** The file that defines `Worker` in every copy of BullMQ, whatever its folder is called. */
const WORKER_FILE = /[\\/]dist[\\/]cjs[\\/]classes[\\/]worker\.js$/;
/** On `EventEmitter`, which all copies of this package in a process share. */
const LOOKERS = Symbol.for('tidemark.lookers');

/**
 * In all versions, BullMQ's base class of workers, queues and queue events has a method of this name. No other library
 * is known to have one.
 */
type MaybeBullmq = EventEmitter & { readonly checkConnectionError?: unknown };

type Look = (emitter: EventEmitter) => void;

interface Emitters {
  /** Called for every new emitter. Undocumented, but `node:domain` replaces it in the same way. */
  init(this: MaybeBullmq, options?: unknown): void;
  [LOOKERS]?: Map<Looker, Look>;
}

/**
 * Finds BullMQ without loading it and without a hook in the module loader. Tracers hook the loader and miss modules
 * that were loaded before them. A hook of ours could break theirs or miss modules: on Node 22.15, a load hook of
 * `module.registerHooks` makes CommonJS bypass the methods of `Module` that tracers replaced, and any hook that
 * provides a module's source bypasses those methods.
 *
 * So BullMQ's objects are recognised when they are created: all are event emitters. This works for every loader, for
 * bundles, for several copies and for any loading order. A copy that was required earlier is found in the `require`
 * cache, so that workers that already run are followed.
 *
 * @returns a function that stops looking
 */
export function lookForBullmq(who: Looker, sighted: Sighting): () => void {
  const known = new WeakSet<object>();
  const meet = (prototype: WorkerMethods) => {
    if (known.has(prototype)) return;
    known.add(prototype);
    sighted(prototype);
  };
  const look: Look = (emitter) => {
    const prototype = workerPrototypeOf(emitter);
    if (prototype === null) sighted(null);
    else meet(prototype);
  };
  const lookers = lookersOfProcess();
  lookers.set(who, look);
  for (const prototype of requiredWorkers()) meet(prototype);
  return () => {
    if (lookers.get(who) === look) lookers.delete(who);
  };
}

function lookersOfProcess(): Map<Looker, Look> {
  const emitters = EventEmitter as unknown as Emitters;
  const present = emitters[LOOKERS];
  if (present !== undefined) return present;
  const lookers = new Map<Looker, Look>();
  Object.defineProperty(emitters, LOOKERS, { value: lookers });
  const { init } = emitters;
  emitters.init = function (options) {
    init.call(this, options);
    // The whole cost for every other emitter of the process: about 20 ns (`in` would cost 60 ns).
    if (this.checkConnectionError !== undefined) for (const look of lookers.values()) look(this);
  };
  return lookers;
}

/**
 * The base of all worker classes: a subclass may have its own `callProcessJob` that calls the base's. Null: not a
 * worker.
 */
function workerPrototypeOf(emitter: object): WorkerMethods | null {
  let base: WorkerMethods | null = null;
  for (let at = Object.getPrototypeOf(emitter); at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, 'callProcessJob')) base = at;
  }
  return base;
}

function requiredWorkers(): readonly WorkerMethods[] {
  const { cache } = createRequire(process.execPath);
  return Object.keys(cache)
    .filter((file) => WORKER_FILE.test(file))
    .flatMap((file) => {
      const prototype: WorkerMethods | undefined = cache[file]?.exports?.Worker?.prototype;
      return typeof prototype?.callProcessJob === 'function' ? [prototype] : [];
    });
}
