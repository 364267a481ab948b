import { readFileSync } from 'node:fs';
import { TidemarkError } from '../../model/errors.ts';
import { printableLine } from '../../model/text/printable.ts';
import { readArguments } from './arguments.ts';
import type { Environment } from './command.ts';
import { COMMANDS, findCommand } from './commands.ts';
import { commandHelp, helpText } from './help.ts';
import { isOutputClosed, watchOutput } from './output.ts';

/**
 * The command line: finds the command and loads only what it needs. An error is one message: exit code 2 where the
 * input was at fault, 1 where the work failed.
 */
async function main(argv: readonly string[], env: Environment): Promise<number> {
  const [name = '', ...rest] = argv;
  if (name === '--version' || name === 'version') return print(`${packageVersion()}\n`);
  if (name === '' || name === '--help' || name === '-h' || name === 'help') return help(name, rest);
  const command = findCommand(name);
  if (command === null) return refuse(name);
  if (rest.includes('--help') || rest.includes('-h')) return print(commandHelp(command));
  return command.run(readArguments(rest, command, env));
}

function refuse(name: string): 2 {
  const names = COMMANDS.map((one) => one.name).join(', ');
  process.stderr.write(
    `tidemark: "${printableLine(name)}" is not a command. Commands: ${names}; see "tidemark --help".\n`,
  );
  return 2;
}

/** `tidemark help replay` is `tidemark replay --help`. Without any word the exit code is 2: nothing was asked for. */
function help(name: string, [about = '']: readonly string[]): number {
  const command = findCommand(about);
  if (name === 'help' && command === null && about !== '' && !about.startsWith('-')) return refuse(about);
  print(command === null ? helpText() : commandHelp(command));
  return name === '' ? 2 : 0;
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

/**
 * Errors that Tidemark throws on purpose explain themselves; anything else is a fault in the program and shows where.
 */
function report(error: unknown): number {
  const known = error instanceof TidemarkError;
  if (known) process.stderr.write(`tidemark: ${error.message.split('\n').map(printableLine).join('\n')}\n`);
  else
    process.stderr.write(
      `tidemark: a fault in the program: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  return known && (error.code === 'config' || error.code === 'bad-input') ? 2 : 1;
}

/**
 * Runs one command. The process ends with its exit code as soon as nothing is left to do.
 *
 * @param env where the command reads its settings
 */
export async function runCommandLine(argv: readonly string[], env: Environment): Promise<void> {
  watchOutput();
  const code = await main(argv, env).catch(report);
  // Whoever stopped reading has what they wanted.
  process.exitCode = isOutputClosed() ? 0 : code;
}
