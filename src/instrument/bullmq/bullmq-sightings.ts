import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { WorkerMethods } from './bullmq-patch.ts';

/**
 * BullMQ is seen in this process. The argument is the prototype of a `Worker` class: each copy of BullMQ has one, and it is passed once,
 * before the constructor of that copy's first worker runs. Null: this process makes a queue, or listens to one's events. Must not throw.
 */
export type Sighting = (workerPrototype: WorkerMethods | null) => void;

/** Who looks. A second copy of this package takes the place of the first. */
export type Looker = 'register' | 'instrumentation';

/** The file that defines `Worker`, in every copy of BullMQ, whatever its folder is called. */
const WORKER_FILE = /[\\/]dist[\\/]cjs[\\/]classes[\\/]worker\.js$/;
/** On `EventEmitter`, which all copies of this package in a process share. */
const LOOKERS = Symbol.for('tidemark.lookers');

/** BullMQ's base class of workers, queues and queue events has a method of this name in all versions; nothing else is known to. */
type MaybeBullmq = EventEmitter & { readonly checkConnectionError?: unknown };

type Look = (emitter: EventEmitter) => void;

interface Emitters {
  /** Called for every emitter that is made. Undocumented, but `node:domain` replaces it in the same way. */
  init(this: MaybeBullmq, options?: unknown): void;
  [LOOKERS]?: Map<Looker, Look>;
}

/**
 * Looks for BullMQ without loading it and without a hook in the module loader. Tracers hook the loader, and they miss a module that is
 * loaded before they do. A hook of ours could harm theirs or miss modules: on Node 22.15, a load hook of `module.registerHooks` keeps CommonJS
 * from passing through the methods of `Module` that they replaced; and those methods are passed by where any hook brings a module's source.
 *
 * So BullMQ's objects are recognised as they are made: all are event emitters. It makes no difference which loader brought a class, whether it
 * is bundled, how many copies there are and who came first. A copy that was required earlier is found in the cache of `require`, for the sake
 * of workers that run already.
 *
 * @returns what ends the looking
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
    // All that every other emitter of the process pays: about 20 ns (by `in` it would be 60).
    if (this.checkConnectionError !== undefined) for (const look of lookers.values()) look(this);
  };
  return lookers;
}

/** The base of all classes of workers: subclasses may have a `callProcessJob` of their own that passes on to it. Null: no worker. */
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
