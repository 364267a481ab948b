import { parseArgs } from 'node:util';
import { ConfigError } from '../../model/errors.ts';

/** What was written after the command's name. */
export interface CommandArguments {
  readonly words: readonly string[];
  /** Flags that are settings (`{ window: '2s' }`); unknown ones too, for the settings to refuse with all other faults. */
  readonly flags: Readonly<Record<string, string>>;
  /** Flags of the command itself; a switch is `true`. */
  readonly own: Readonly<Record<string, string | true>>;
}

/** Flags of a command that are not settings, and whether a value follows. */
export type OwnFlags = Readonly<Record<string, 'value' | 'switch'>>;

/** Reads the command line; raises `ConfigError` that lists every fault of form. */
export function readArguments(
  args: readonly string[],
  ownFlags: OwnFlags,
  settingFlags: readonly string[],
): CommandArguments {
  const options = Object.fromEntries([
    ...settingFlags.map((flag) => [flag, { type: 'string' as const }]),
    ...Object.entries(ownFlags).map(([flag, kind]) => [
      flag,
      { type: kind === 'value' ? ('string' as const) : ('boolean' as const) },
    ]),
  ]);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const words: string[] = [];
  const flags: Record<string, string> = {};
  const own: Record<string, string | true> = {};
  const faults: string[] = [];
  // What follows a flag that nobody knows was meant as its value, and is no fault of its own.
  let afterUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !afterUnknown) words.push(token.value);
    afterUnknown = false;
    if (token.kind !== 'option') continue;
    const isOwn = Object.hasOwn(ownFlags, token.name);
    const isKnown = isOwn || settingFlags.includes(token.name);
    const isSwitch = isOwn && ownFlags[token.name] === 'switch';
    if (isSwitch) own[token.name] = true;
    else if (token.value === undefined && isKnown) faults.push(`${token.rawName} needs a value`);
    else if (isOwn) own[token.name] = token.value ?? true;
    else flags[token.name] = token.value ?? '';
    afterUnknown = !isKnown && token.value === undefined;
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { words, flags, own };
}
