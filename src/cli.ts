#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import type { CommandArguments, OwnFlags } from './commands/arguments.ts';
import { TidemarkError } from './core/errors.ts';

/**
 * The command line: finds the command and loads only what that one needs. What goes wrong is told in one message: exit code 2 where the
 * input was at fault, 1 where the work failed.
 */

interface Command {
  readonly ownFlags: OwnFlags;
  /** Whether settings may be given as flags. */
  readonly takesSettings: boolean;
  readonly run: (args: CommandArguments) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  actuator: {
    ownFlags: {},
    takesSettings: true,
    run: async (args) => (await import('./commands/actuator.ts')).runActuator(args),
  },
  demo: {
    ownFlags: { 'json-events': 'value' },
    takesSettings: false,
    run: async (args) => (await import('./commands/demo.ts')).runDemoCommand(args),
  },
  replay: {
    ownFlags: { json: 'switch', quota: 'value', plot: 'value' },
    takesSettings: true,
    run: async (args) => (await import('./commands/replay.ts')).runReplayCommand(args),
  },
  doctor: {
    ownFlags: { json: 'switch' },
    takesSettings: true,
    run: async (args) => (await import('./commands/doctor.ts')).runDoctor(args),
  },
  status: {
    ownFlags: { url: 'value', json: 'switch' },
    takesSettings: false,
    run: async (args) => (await import('./commands/remote.ts')).runStatus(args),
  },
  restart: {
    ownFlags: { url: 'value' },
    takesSettings: false,
    run: async (args) => (await import('./commands/remote.ts')).runRestart(args),
  },
  pause: {
    ownFlags: { url: 'value' },
    takesSettings: false,
    run: async (args) => (await import('./commands/remote.ts')).runPause(args, 'pause'),
  },
  resume: {
    ownFlags: { url: 'value' },
    takesSettings: false,
    run: async (args) => (await import('./commands/remote.ts')).runPause(args, 'resume'),
  },
};

async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  if (name === '--version' || name === 'version') return print(`${packageVersion()}\n`);
  if (name === '' || name === 'help' || argv.includes('--help') || argv.includes('-h')) {
    const { helpText } = await import('./config/help.ts');
    print(helpText());
    return name === '' ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(
      `tidemark: "${name}" is no command. Commands: ${Object.keys(COMMANDS).join(', ')}; see "tidemark --help".\n`,
    );
    return 2;
  }
  const [{ readArguments }, { SETTINGS }] = await Promise.all([
    import('./commands/arguments.ts'),
    import('./config/settings.ts'),
  ]);
  const settingFlags = command.takesSettings ? SETTINGS.flatMap(({ flag }) => (flag === null ? [] : [flag])) : [];
  return command.run(readArguments(rest, command.ownFlags, settingFlags));
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/** Errors that Tidemark raises on purpose speak for themselves; anything else is a fault in the program and shows where. */
function report(error: unknown): number {
  const known = error instanceof TidemarkError;
  if (known) process.stderr.write(`tidemark: ${error.message}\n`);
  else
    process.stderr.write(
      `tidemark: a fault in the program: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  return known && (error.code === 'config' || error.code === 'bad-input') ? 2 : 1;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  // Said, not enforced: most of it works, and an operator in need is better served by a warning than by a refusal.
  process.stderr.write(`tidemark: Node ${process.versions.node} is older than 22.15, the oldest it is tested on.\n`);
}
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = report(error);
  },
);
