import { readFileSync } from 'node:fs';
import { TidemarkError } from '../../model/errors.ts';
import type { CommandArguments, OwnFlags } from './arguments.ts';
import { isOutputClosed, watchOutput } from './output.ts';

/**
 * The command line: finds the command and loads only what that one needs. An error is reported in one message: exit code 2 where the
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
    run: async (args) => (await import('../actuator.ts')).runActuator(args),
  },
  demo: {
    ownFlags: { 'json-events': 'value' },
    takesSettings: false,
    run: async (args) => (await import('../demo.ts')).runDemoCommand(args),
  },
  replay: {
    ownFlags: { json: 'switch', quota: 'value', plot: 'value' },
    takesSettings: true,
    run: async (args) => (await import('../replay.ts')).runReplayCommand(args),
  },
  doctor: {
    ownFlags: { url: 'value', json: 'switch' },
    takesSettings: true,
    run: async (args) => (await import('../doctor.ts')).runDoctor(args),
  },
  status: {
    ownFlags: { url: 'value', json: 'switch' },
    takesSettings: false,
    run: async (args) => (await import('../status.ts')).runStatus(args),
  },
  restart: {
    ownFlags: { url: 'value', 'no-wait': 'switch' },
    takesSettings: false,
    run: async (args) => (await import('../restart.ts')).runRestart(args),
  },
  pause: {
    ownFlags: { url: 'value' },
    takesSettings: false,
    run: async (args) => (await import('../pause.ts')).runPause(args, 'pause'),
  },
  resume: {
    ownFlags: { url: 'value' },
    takesSettings: false,
    run: async (args) => (await import('../pause.ts')).runPause(args, 'resume'),
  },
};

async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  if (name === '--version' || name === 'version') return print(`${packageVersion()}\n`);
  if (name === '' || name === 'help' || argv.includes('--help') || argv.includes('-h')) {
    const { helpText } = await import('../../config/help.ts');
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
    import('./arguments.ts'),
    import('../../config/settings.ts'),
  ]);
  const settingFlags = command.takesSettings ? SETTINGS.flatMap(({ flag }) => (flag === null ? [] : [flag])) : [];
  return command.run(readArguments(rest, command.ownFlags, settingFlags));
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
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

/** Runs one command; the process ends with its exit code as soon as nothing is left to do. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  watchOutput();
  const code = await main(argv).catch(report);
  // Whoever stopped reading has what they wanted.
  process.exitCode = isOutputClosed() ? 0 : code;
}
