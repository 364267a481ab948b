/**
 * Output whose reader goes away (`tidemark replay ... | head`) is the normal end of a command, not a fault. A command that has something to
 * stop first registers a listener; any other ends at once with exit code 0.
 */

let isClosed = false;
let onClosed: () => void = () => process.exit(0);

export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Each further write fails in the same way.
    if (isClosed) return;
    isClosed = true;
    onClosed();
  });
  // What only standard error would have said is lost; the exit code still says it.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

export function isOutputClosed(): boolean {
  return isClosed;
}

/** What to do instead of ending at once. */
export function whenOutputCloses(listener: () => void): void {
  onClosed = listener;
}
