const KEY = Symbol.for('tidemark.process.id');

/**
 * `tidemark.process.id`: random, one per process. It lives on the global object, because an app may load several copies
 * of this package (as ES module and as CommonJS, or in two versions), and the points of one copy and the drain answers
 * of another must name the same process. Children never inherit it: it is not in the environment.
 */
export function processId(): string {
  const holder = globalThis as { [KEY]?: string };
  // Not by an import of node:crypto, which would read all of its exports and load the Web Cryptography API: 0.2 MB.
  holder[KEY] ??= process.getBuiltinModule('node:crypto').randomUUID();
  return holder[KEY];
}
