import type { Parsed, ValueKind } from './values.ts';

/** The commands of `tidemark`, and the worker that imports `tidemark/register`. */
export type Reader =
  | 'worker'
  | 'actuator'
  | 'demo'
  | 'replay'
  | 'doctor'
  | 'status'
  | 'top'
  | 'page'
  | 'setup'
  | 'restart'
  | 'pause'
  | 'resume';

/** One setting: everything that Tidemark knows about it. */
export interface Setting<T> {
  /** The environment variable. */
  readonly name: string;
  /**
   * The command-line flag without `--`; null for secrets, which a process list would show, and for what only a worker
   * reads.
   */
  readonly flag: string | null;
  /** Which commands read it. */
  readonly readBy: readonly Reader[];
  readonly value: ValueKind<T>;
  readonly fallback: Fallback<T>;
  /** One sentence, in Markdown. */
  readonly meaning: string;
}

/** What holds where the setting is not given. */
export interface Fallback<T> {
  /** As people read it, in Markdown. */
  readonly text: string;
  /** @param windowMs the detector's window, of which some defaults are multiples */
  readonly of: (windowMs: number) => T;
}

interface Declaration<T> extends Pick<Setting<T>, 'name' | 'readBy' | 'value' | 'meaning'> {
  /** No flag. */
  readonly isSecret?: true;
}

/** A setting with a default, given as a person would write the value. */
export function setting<T>(declared: Declaration<T> & { readonly default: string | Fallback<T> }): Setting<T> {
  const { default: given, ...rest } = declared;
  return complete(
    rest,
    typeof given === 'string' ? { text: `\`${given}\``, of: () => parseDefault(rest, given) } : given,
  );
}

/** A setting that is null where it is not given. `unset` says what that means. */
export function optional<T>(declared: Declaration<T> & { readonly unset: string }): Setting<T | null> {
  const { unset, ...rest } = declared;
  return complete<T | null>(rest, { text: unset, of: () => null });
}

/** A default of `count` windows, and at least `atLeastMs`. */
export function windows(count: number, atLeastMs = 0): Fallback<number> {
  const least = atLeastMs === 0 ? '' : `, at least ${atLeastMs / 1000} s`;
  return { text: `${count} windows${least}`, of: (windowMs) => Math.max(count * windowMs, atLeastMs) };
}

function complete<T>(declared: Declaration<T>, fallback: Fallback<T>): Setting<T> {
  const { name, readBy, value, meaning, isSecret = false } = declared;
  const isWorkersAlone = readBy.every((reader) => reader === 'worker');
  return { name, readBy, value, meaning, fallback, flag: isSecret || isWorkersAlone ? null : flagOf(name) };
}

/** `REDIS_URL` and `TIDEMARK_REDIS_URL` must not share a flag. */
function flagOf(name: string): string {
  const bare = name.replace(/^TIDEMARK_(?!REDIS_URL$)/, '');
  return bare.toLowerCase().replaceAll('_', '-');
}

function parseDefault<T>({ name, value }: Declaration<T>, text: string): T {
  const parsed: Parsed<T> = value.parse(text);
  if ('value' in parsed) return parsed.value;
  throw new Error(`the default of ${name}, "${text}", is not ${value.expected}`);
}
