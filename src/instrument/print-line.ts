const tolerant = new Set<NodeJS.WriteStream>();

/** Prints a line on the application's console, which writes it to standard error. Never throws. */
export function printLine(line: string): void {
  try {
    tolerateFailure(process.stderr);
    console.warn(line);
  } catch {
    // The application has replaced `console`, or has no standard error.
  }
}

/**
 * Calls `write`, which writes to the application's console in any way. Never throws.
 */
export function onConsole(write: () => void): void {
  try {
    tolerateFailure(process.stdout);
    tolerateFailure(process.stderr);
    write();
  } catch {
    // The application has replaced `console`, or has no standard output.
  }
}

/**
 * Of lines that follow each other on an output that is closed or full, Node tolerates the failure of the first one only:
 * the next one would end the application. This lasts until what is written now has failed; the application's own lines
 * fail as they always did.
 */
function tolerateFailure(output: NodeJS.WriteStream): void {
  if (tolerant.has(output)) return;
  tolerant.add(output);
  output.on('error', ignore);
  setImmediate(() => {
    tolerant.delete(output);
    output.off('error', ignore);
  });
}

const ignore = () => {};
