import type { Reader, Setting } from '../settings/setting.ts';
import { ALL_SETTINGS, SETTING_NAMES, settingsOf } from '../settings/settings.ts';
import { hint } from './close-name.ts';

/** Where settings come from. A flag wins over the environment, the environment over the default. */
export interface SettingsInput {
  /** For example `process.env`. An empty value counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By name, without dashes: `{ window: '2s' }`. */
  readonly flags: Readonly<Record<string, string>>;
}

/** A fault for each `TIDEMARK_*` variable that is not a setting. */
export function unknownVariables(env: SettingsInput['env']): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('TIDEMARK_') && !SETTING_NAMES.has(name))
    .map((name) => `${name} is not a setting of Tidemark${hint(name, SETTING_NAMES)}: correct or remove it`);
}

/** Reads the settings of one start, and collects every fault before one is thrown. */
export class SettingsReader {
  readonly faults: string[] = [];
  readonly #input: SettingsInput;
  readonly #faulty = new Set<string>();

  constructor(input: SettingsInput) {
    this.#input = input;
  }

  /**
   * Adds a fault for each `TIDEMARK_*` variable that is not a setting, and for each flag that the command does not
   * read.
   *
   * @param command what the person typed: the advice names it
   */
  refuseUnknown(command: Reader): void {
    this.faults.push(...unknownVariables(this.#input.env));
    const read = flagsOf(settingsOf(command));
    const all = flagsOf(ALL_SETTINGS);
    const advice = `see "tidemark ${command} --help"`;
    for (const flag of Object.keys(this.#input.flags)) {
      if (read.has(flag)) continue;
      if (all.has(flag)) this.faults.push(`--${flag} has no effect on "tidemark ${command}": remove it; ${advice}`);
      else this.faults.push(`--${flag} is not a flag of "tidemark ${command}"${hint(flag, read, '--')}; ${advice}`);
    }
  }

  /**
   * The text as given, and what a fault calls its source; null where it is not set. An empty variable counts as not
   * set.
   */
  text({
    name,
    flag,
  }: Pick<Setting<unknown>, 'name' | 'flag'>): { readonly text: string; readonly source: string } | null {
    const given = flag === null ? undefined : this.#input.flags[flag];
    if (given !== undefined) return { text: given.trim(), source: `--${flag}` };
    const text = this.#input.env[name]?.trim();
    return text === undefined || text === '' ? null : { text, source: name };
  }

  /**
   * The value, or the default. A bad value is a fault; the default stands in for it, so that the other settings are
   * checked too.
   */
  read<T>(setting: Setting<T>, windowMs = 0): T {
    const fallback = setting.fallback.of(windowMs);
    const given = this.text(setting);
    if (given === null) return fallback;
    const parsed = setting.value.parse(given.text);
    if ('value' in parsed) return parsed.value;
    const { expected, isShown } = setting.value;
    const faults =
      parsed.faults.length > 0
        ? parsed.faults
        : [`${isShown ? `"${shown(given.text)}"` : 'the value'} is not ${expected}`];
    this.faults.push(...faults.map((fault) => `${given.source}: ${fault}`));
    this.#faulty.add(setting.name);
    return fallback;
  }

  /** Whether the setting was read, and has a value that cannot be used. */
  isFaulty({ name }: Pick<Setting<unknown>, 'name'>): boolean {
    return this.#faulty.has(name);
  }
}

/** So much of a value shows which one it is; a whole file that was pasted would hide the sentence. */
const SHOWN_LENGTH = 100;

function shown(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}...`;
}

function flagsOf(settings: readonly Setting<unknown>[]): ReadonlySet<string> {
  return new Set(settings.flatMap(({ flag }) => flag ?? []));
}
