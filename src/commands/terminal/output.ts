/**
 * When the reader of the output goes away (`tidemark replay ... | head`), a command ends normally, with exit code 0. A
 * command that must stop something first registers a listener.
 */

let isClosed = false;
let onClosed: () => void = () => process.exit(0);

export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') return endUnwritten(error);
    // Every later write fails in the same way.
    if (isClosed) return;
    isClosed = true;
    onClosed();
  });
  // What standard error would have said is lost, with its reader or on a full disk; the exit code remains.
  process.stderr.on('error', () => undefined);
}

/** A full disk, for example. What was printed is incomplete, so the exit code says so. */
function endUnwritten({ code = 'unknown fault' }: NodeJS.ErrnoException): never {
  process.stderr.write(`tidemark: the output cannot be written (${code})\n`);
  process.exit(1);
}

export function isOutputClosed(): boolean {
  return isClosed;
}

/** What to do instead of ending at once. */
export function whenOutputCloses(listener: () => void): void {
  onClosed = listener;
}
