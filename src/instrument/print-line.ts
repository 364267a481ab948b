/** Outputs that Tidemark writes to just now. */
const tolerant = new Set<NodeJS.WriteStream>();
/** Outputs whose next failure, which is the application's, is tolerated. */
const owed = new Set<NodeJS.WriteStream>();

/** Prints a line on the application's console, which writes it to standard error. Never throws. */
export function printLine(line: string): void {
  try {
    tolerateFailure(process.stderr);
    console.warn(line);
  } catch {
    // The application has replaced `console`, or has no standard error.
  }
}

/** Calls `write`, which writes to the application's console in any way. Never throws. */
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
 * Of lines that follow each other on an output that is closed or full, Node tolerates the failure of the first one
 * only: the next one would end the application. Tidemark's lines take nothing of that: their own failures are
 * tolerated, and after them the application's first one, as if nothing had failed before.
 */
function tolerateFailure(output: NodeJS.WriteStream): void {
  if (tolerant.has(output)) return;
  tolerant.add(output);
  let hasFailed = false;
  const fail = () => {
    hasFailed = true;
  };
  withoutWarning(output, () => output.on('error', fail));
  // By then what is written now has failed.
  setImmediate(() => {
    tolerant.delete(output);
    output.off('error', fail);
    if (hasFailed) tolerateNext(output);
  });
}

function tolerateNext(output: NodeJS.WriteStream): void {
  if (owed.has(output)) return;
  owed.add(output);
  withoutWarning(output, () => output.once('error', () => owed.delete(output)));
}

/**
 * Each worker thread adds a listener of Node's to the output, so in an application with many threads the next one would
 * print `MaxListenersExceededWarning`.
 */
function withoutWarning(output: NodeJS.WriteStream, addListener: () => void): void {
  const maxListeners = output.getMaxListeners();
  output.setMaxListeners(Number.POSITIVE_INFINITY);
  addListener();
  output.setMaxListeners(maxListeners);
}
