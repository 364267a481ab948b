#!/usr/bin/env node
/**
 * The entry point of the command line. It imports nothing before it has checked Node's version, and keeps to the syntax
 * of Node 12: an older Node would stop at the first line that it cannot parse, and show that line instead of saying
 * what to do.
 */

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 15)) {
  process.exitCode = 1;
  process.stderr.write(`tidemark: Node 22.15 or newer is required, and this is Node ${process.versions.node}.\n`);
} else {
  void import('./commands/terminal/command-line.ts').then((program) =>
    program.runCommandLine(process.argv.slice(2), process.env),
  );
}
