/**
 * Calls `onTimeout` after `limitMs`, but not before the event loop has read what has arrived by then. While a job keeps
 * the loop busy no answer is read, and afterwards timers run first, so a late timer says nothing about the other side.
 * Does not keep the process alive. Returns a function that cancels it.
 */
export function afterReading(limitMs: number, onTimeout: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // Immediates run after the sockets have been read.
    immediate = setImmediate(onTimeout);
    immediate.unref();
  }, limitMs).unref();
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/** `afterLoopTime` divides its limit into this many slices. */
const SLICES = 10;

/**
 * Like `afterReading`, for an answer that takes several turns of the event loop (a connection, a TLS handshake, a
 * body), any of which a job may block. Calls `onTimeout` after `limitMs`, counting each block, however long, as a tenth
 * of the limit at most. Does not keep the process alive. Returns a function that cancels it.
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
