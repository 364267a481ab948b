import type { Reader } from '../../settings/setting.ts';

/** Where a command reads settings from. Commands never look at `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What was written after the command's name. */
export interface CommandArguments {
  readonly words: readonly string[];
  /**
   * Flags that are settings (`{ window: '2s' }`). Unknown ones too: the settings refuse them together with all other
   * faults.
   */
  readonly flags: Readonly<Record<string, string>>;
  /** Flags of the command itself; a switch is `true`. */
  readonly own: Readonly<Record<string, string | true>>;
  readonly env: Environment;
}

/** A flag that belongs to a command and is not a setting. */
export interface OwnFlag {
  /** Without `--`. */
  readonly name: string;
  /** What follows it, as the usage shows it; null for a switch. */
  readonly value: string | null;
  readonly meaning: string;
}

export interface Command {
  readonly name: Exclude<Reader, 'worker'>;
  /** The words after the name, as the usage shows them. */
  readonly words: string;
  /** How many words it takes at most. */
  readonly maxWords: number;
  readonly meaning: string;
  readonly ownFlags: readonly OwnFlag[];
  /** Whether the settings that it reads may be given as flags, too. */
  readonly takesSettings: boolean;
  /** Resolves to the exit code. Loads only what the command needs. */
  readonly run: (args: CommandArguments) => Promise<number>;
}
