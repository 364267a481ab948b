/**
 * Calls `onTimeout` after `limitMs`, but not before the event loop has read what came in until then. While a job keeps the loop busy no answer is
 * read, and afterwards timers are run first: one that is late says nothing about the other side. Does not keep the process alive. Returns what cancels it.
 */
export function afterReading(limitMs: number, onTimeout: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // Immediates come after the sockets have been read.
    immediate = setImmediate(onTimeout);
    immediate.unref();
  }, limitMs).unref();
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
