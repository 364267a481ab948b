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

/** Into so many parts `afterLoopTime` divides its limit. */
const SLICES = 10;

/**
 * As `afterReading`, for an answer that takes several turns of the event loop (a connection, a TLS handshake, a body), in any of which a job may block
 * it: calls `onTimeout` after `limitMs` of which a block of any length counts for a tenth at most. Does not keep the process alive. Returns what
 * cancels it.
 */
export function afterLoopTime(limitMs: number, onTimeout: () => void): () => void {
  let slices = 0;
  const timer = setInterval(() => {
    slices += 1;
    if (slices < SLICES) return;
    clearInterval(timer);
    onTimeout();
  }, limitMs / SLICES).unref();
  return () => clearInterval(timer);
}
