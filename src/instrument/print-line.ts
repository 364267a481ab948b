let isTolerant = false;

/**
 * Prints a line on the application's console, which writes it to standard error. Never throws.
 *
 * Of lines that follow each other on an output that is closed, Node tolerates the failure of the first one only: the
 * next one would end the application.
 */
export function printLine(line: string): void {
  try {
    tolerateClosed(process.stderr);
    console.warn(line);
  } catch {
    // The application has replaced `console`, or has no standard error.
  }
}

/** Until what is written now has failed; the application's own lines fail as they always did. */
function tolerateClosed(output: NodeJS.WriteStream): void {
  if (isTolerant) return;
  isTolerant = true;
  output.on('error', ignore);
  setImmediate(() => {
    isTolerant = false;
    output.off('error', ignore);
  });
}

const ignore = () => {};
