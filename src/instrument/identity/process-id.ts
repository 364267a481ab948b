const KEY = Symbol.for('tidemark.process.id');

/**
 * `tidemark.process.id`: random, one per process. It lives on the global object, because an app may load several copies of this package
 * (as ES module and as CommonJS, or in two versions), and the points of one copy and the drain's answers of another must name one process.
 * Children never inherit it: it is in no environment variable.
 */
export function processId(): string {
  const holder = globalThis as { [KEY]?: string };
  // Not by an import of node:crypto, which reads all of its exports and so loads the Web Cryptography API: 0.2 MB.
  holder[KEY] ??= process.getBuiltinModule('node:crypto').randomUUID();
  return holder[KEY];
}
