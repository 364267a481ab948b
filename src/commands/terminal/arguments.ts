import { parseArgs } from 'node:util';
import { hint } from '../../config/close-name.ts';
import { unknownVariables } from '../../config/settings-reader.ts';
import { ConfigError } from '../../model/errors.ts';
import { settingsOf } from '../../settings/settings.ts';
import type { Command, CommandArguments, Environment } from './command.ts';

/**
 * Reads the command line. Throws one `ConfigError` that lists every fault of form, and every unknown `TIDEMARK_*`
 * variable where the command has no settings that would refuse it.
 */
export function readArguments(args: readonly string[], command: Command, env: Environment): CommandArguments {
  const settingFlags = command.takesSettings ? settingsOf(command.name).flatMap(({ flag }) => flag ?? []) : [];
  const valueFlags = [...settingFlags, ...ownNames(command, (value) => value !== null)];
  const switches = ownNames(command, (value) => value === null);
  const options = Object.fromEntries([
    ...valueFlags.map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const words: string[] = [];
  const flags: Record<string, string> = {};
  const own: Record<string, string | true> = {};
  const faults: string[] = [];
  // What follows an unknown flag was meant as its value, and is not a fault of its own.
  let isAfterUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !isAfterUnknown) words.push(token.value);
    isAfterUnknown = false;
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!rawName.startsWith('--')) {
      const typed = args[token.index] ?? rawName;
      const fault = `${typed} is not a flag of "tidemark ${command.name}": flags begin with --; ${adviceFor(command)}`;
      // "-abc" is one word and three tokens.
      if (!faults.includes(fault)) faults.push(fault);
      isAfterUnknown = true;
    } else if (switches.includes(name)) {
      own[name] = true;
      if (value !== undefined) faults.push(`${rawName} takes no value: leave "=${value}" out`);
    } else if (!valueFlags.includes(name)) {
      flags[name] = value ?? '';
      isAfterUnknown = value === undefined;
    } else if (value === undefined) faults.push(`${rawName} needs a value`);
    // The last one would count, and of two allow-lists the first would be lost without a word.
    else if (Object.hasOwn(flags, name) || Object.hasOwn(own, name)) faults.push(`${rawName} is given twice`);
    else if (settingFlags.includes(name)) flags[name] = value;
    else own[name] = value;
  }
  const misspelt = Object.keys(flags).filter((flag) => !settingFlags.includes(flag) && ownHint(command, flag) !== '');
  faults.push(...surplus(command, words, command.takesSettings ? misspelt : Object.keys(flags)));
  // A misspelt token or address would otherwise look like one that is not set.
  if (!command.takesSettings) faults.push(...unknownVariables(env));
  if (faults.length > 0) throw new ConfigError(faults);
  return { words, flags, own, env };
}

function ownNames({ ownFlags }: Command, isWanted: (value: string | null) => boolean): readonly string[] {
  return ownFlags.filter(({ value }) => isWanted(value)).map(({ name }) => name);
}

function ownHint({ ownFlags }: Command, flag: string): string {
  return hint(
    flag,
    ownFlags.map(({ name }) => name),
    '--',
  );
}

/**
 * What the command takes no notice of. Where a command takes settings these refuse unknown flags themselves, but for
 * those that are nearly one of the command's own.
 */
function surplus(command: Command, words: readonly string[], unknown: readonly string[]): readonly string[] {
  const { name, maxWords } = command;
  const advice = adviceFor(command);
  const rest = words.slice(maxWords).join(' ');
  return [
    ...unknown.map((flag) => `--${flag} is not a flag of "tidemark ${name}"${ownHint(command, flag)}; ${advice}`),
    ...(rest === '' ? [] : [`"${rest}" is not expected after "tidemark ${name}"; ${advice}`]),
  ];
}

function adviceFor({ name }: Command): string {
  return `see "tidemark ${name} --help"`;
}
