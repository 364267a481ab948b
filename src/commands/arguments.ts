import { parseArgs } from 'node:util';
import { ConfigError } from '../core/errors.ts';

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
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const isSwitch = ownFlags[token.name] === 'switch';
    if (isSwitch) own[token.name] = true;
    else if (token.value === undefined && (token.name in ownFlags || settingFlags.includes(token.name)))
      faults.push(`${token.rawName} needs a value`);
    else if (token.name in ownFlags) own[token.name] = token.value ?? true;
    else flags[token.name] = token.value ?? '';
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { words, flags, own };
}
