import { parseTargetPatterns, type TargetPattern } from '../model/target.ts';
import { parseDuration, parsePercentage, parseSize } from '../quantities.ts';

/**
 * The kinds of values that settings take, each with its parser. Both halves of Tidemark load this file, so it imports
 * pure functions only.
 */
export interface ValueKind<T> {
  /** In tables and `--help`, in Markdown: "duration". */
  readonly form: string;
  /** Ends the sentence "`TIDEMARK_GRACE: "120" is not ...`", with an example. */
  readonly expected: string;
  /** False: the text may hold a secret, so no message repeats it. */
  readonly isShown: boolean;
  readonly parse: (text: string) => Parsed<T>;
}

/** `faults` is empty where "is not <expected>" says enough. */
export type Parsed<T> = { readonly value: T } | { readonly faults: readonly string[] };

/** A limit as a fraction of the dyno's quota, or in bytes. */
type LimitValue =
  | { readonly kind: 'fraction'; readonly fraction: number }
  | { readonly kind: 'bytes'; readonly bytes: number };

/** @param parse returns null for text that is no such value */
function kind<T>(form: string, expected: string, parse: (text: string) => T | null): ValueKind<T> {
  return { form, expected, isShown: true, parse: (text) => parsedAs(parse(text)) };
}

function parsedAs<T>(value: T | null): Parsed<T> {
  return value === null ? { faults: [] } : { value };
}

/** For text that may hold a token or a password. */
function hidden<T>(shown: ValueKind<T>): ValueKind<T> {
  return { ...shown, isShown: false };
}

/** The same kind, or `off` (also written `0`), which is null. */
export function orOff<T>({ form, expected, isShown, parse }: ValueKind<T>): ValueKind<T | null> {
  return {
    form: `${form} or \`off\``,
    expected: `${expected}, or "off"`,
    isShown,
    parse: (text) => (text === 'off' || text === '0' ? { value: null } : parse(text)),
  };
}

const DAY_MS = 86_400_000;

/** In ms, 0 or more. At most a year: more is a slip, and would end in times that no calendar has. */
export const DURATION = kind(
  'duration',
  'a duration with its unit, at most 366d, for example "90s", "15m" or "24h"',
  (text) => durationUpTo(366 * DAY_MS, text),
);

/** In ms, more than 0. At most a day: a dyno lives no longer, and its class takes ten of them. */
export const SPAN = kind(
  'duration',
  'a duration above zero with its unit, at most 24h, for example "90s" or "1m"',
  (text) => durationUpTo(DAY_MS, text) || null,
);

function durationUpTo(maxMs: number, text: string): number | null {
  const ms = parseDuration(text);
  return ms !== null && ms <= maxMs ? ms : null;
}

/** In bytes, 1 or more. */
export const SIZE = kind('size', 'a size with its unit, for example "512MiB"', parseSize);

/** A percentage of the dyno's quota, up to 1000 %, or a size. */
export const LIMIT = kind<LimitValue>(
  '% of the limit, or size',
  'a percentage of the limit or a size with its unit, for example "80%" or "450MiB"',
  (text) => {
    const fraction = parsePercentage(text);
    if (fraction !== null) return fraction > 0 && fraction <= 10 ? { kind: 'fraction', fraction } : null;
    const bytes = parseSize(text);
    return bytes === null ? null : { kind: 'bytes', bytes };
  },
);

export const COUNT = countFrom(0, 999_999, 'a whole number, 0 or more');

export function countFrom(min: number, max: number, expected = `a whole number from ${min} to ${max}`) {
  return kind('count', expected, (text) => {
    const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    return count >= min && count <= max ? count : null;
  });
}

export const PORT = { ...countFrom(0, 65_535, 'a port from 0 to 65535'), form: 'port' };

export const NAME = kind('app name', 'the name of an app', (text) => text.trim() || null);

export const SWITCH = kind<boolean>('`true` or `false`', '"true" or "false"', (text) =>
  text === 'true' || text === 'false' ? text === 'true' : null,
);

/** Without spaces inside, and in ASCII: a header `Bearer <token>` could not carry it. */
export const SECRET = hidden(
  kind('secret', 'a secret of letters, digits and signs of ASCII, without spaces', (text) =>
    /^[!-~]+$/.test(text.trim()) ? text.trim() : null,
  ),
);

/** One or several of the ways in which a worker sends measurements, in the order given here. */
export const TRANSPORTS = kind('`otlp`, `redis` or `otlp,redis`', 'otlp, redis or "otlp,redis"', (text) =>
  someOf(['otlp', 'redis'] as const, text),
);

/** The same for the ways in which the actuator takes them. */
export const SOURCES = kind(
  'list of `otlp`, `redis`, `logplex`, or `kafka`',
  'a list of otlp, redis and logplex, for example "otlp,logplex"; or kafka alone',
  (text) => {
    const sources = someOf(['otlp', 'redis', 'logplex', 'kafka'] as const, text);
    // Over HTTP and from Redis one actuator takes all measurements; from Kafka each takes those of its partitions.
    return sources?.includes('kafka') && sources.length > 1 ? null : sources;
  },
);

/** Those of the names that a list has; null where it has any other. */
function someOf<T extends string>(names: readonly T[], list: string): readonly T[] | null {
  const given = list.split(',').map((name) => name.trim());
  const known = names.filter((name) => given.includes(name));
  return known.length === new Set(given).size ? known : null;
}

/** Heroku's form, or plain `host:port`. TLS where a broker's address says so. */
export const KAFKA_ADDRESS: ValueKind<{ readonly brokers: readonly string[]; readonly isTls: boolean }> = kind(
  '`kafka+ssl://host:port,...`',
  'a list of kafka://host:port, or of kafka+ssl://host:port for TLS',
  (text) => {
    const found = text.split(',').map((address) => /^kafka(\+ssl)?:\/\/([-.\w]+:\d{1,5})$/.exec(address.trim()));
    const isTls = found[0]?.[1] !== undefined;
    const brokers = found.flatMap((match) =>
      match?.[2] !== undefined && (match[1] !== undefined) === isTls ? [match[2]] : [],
    );
    return brokers.length === found.length ? { brokers, isTls } : null;
  },
);

/** One or several PEM blocks. */
export const PEM = hidden(
  kind('PEM', 'PEM, from -----BEGIN to -----END', (text) =>
    /^\s*-----BEGIN [A-Z ]+-----[\s\S]+-----END [A-Z ]+-----\s*$/.test(text) ? text : null,
  ),
);

/** Kafka's own limit for names of topics and groups. */
export const KAFKA_NAME_START = kind('text', 'letters, digits, dots, dashes and underscores, at most 200', (text) =>
  /^[-.\w]{1,200}$/.test(text) ? text : null,
);

export const REDIS_ADDRESS = hidden(
  kind('URL', 'a redis:// or rediss:// URL with a host (write a % in its password as %25)', (text) =>
    /^rediss?:\/\//.test(text) && hasHostAndReadablePassword(text) ? text : null,
  ),
);

function hasHostAndReadablePassword(text: string): boolean {
  if (!URL.canParse(text)) return false;
  try {
    decodeURIComponent(new URL(text).password);
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}

/** Without its trailing slashes. */
export const API_ADDRESS = hidden(
  kind(
    'URL',
    'an https:// URL (http:// is accepted for this machine only: elsewhere the token would travel unencrypted)',
    (text) => {
      if (!URL.canParse(text)) return null;
      const { protocol, hostname } = new URL(text);
      const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
      return protocol === 'https:' || (protocol === 'http:' && isLocal) ? text.replace(/\/+$/, '') : null;
    },
  ),
);

/** `fetch` refuses a URL with a user and password, at every call. */
export const WEB_ADDRESS = hidden(
  kind('URL', 'an http(s) URL without a user and password in it', (text) => {
    if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return null;
    const { username, password } = new URL(text);
    return username === '' && password === '' ? text : null;
  }),
);

export const TARGETS: ValueKind<readonly TargetPattern[]> = {
  form: '`app:type,...`',
  expected: 'a list of app:type',
  isShown: true,
  parse: (text) => {
    const parsed = parseTargetPatterns(text);
    return parsed.ok ? { value: parsed.patterns } : { faults: parsed.faults };
  },
};

/** `true`, `false`, or the targets that stay dry. */
export const DRY_RUN: ValueKind<boolean | readonly TargetPattern[]> = {
  form: '`true`, `false` or `app:type,...`',
  expected: '"true", "false" or a list of app:type that stay dry (for example "shop:worker")',
  isShown: true,
  parse: (text) => {
    if (text === 'true' || text === 'false') return { value: text === 'true' };
    // Whoever writes "no" or "0" means one of the two, and no target.
    return text.includes(':') || text.trim() === '' ? TARGETS.parse(text) : { faults: [] };
  },
};

/** Who may deliver measurements of which app; the app `*` stands for all. */
export const INGEST_TOKENS: ValueKind<readonly { readonly app: string; readonly token: string }[]> = {
  form: '`app=token,...`',
  expected: 'a list of app=token',
  isShown: false,
  parse: (text) => {
    const entries = text.split(',').map((entry) => entry.trim());
    const read = entries.map((entry) => /^([^=\s]+)\s*=\s*([!-~]+)$/.exec(entry));
    // A fault does not repeat the entry: it may be the token alone.
    const faults = entries.flatMap((entry, index) =>
      entry === '' || read[index] !== null
        ? []
        : [`entry ${index + 1} is not app=token (for example "shop=...", "*=..." for a Collector)`],
    );
    if (faults.length > 0) return { faults };
    return { value: read.flatMap((match) => (match === null ? [] : [{ app: match[1] ?? '', token: match[2] ?? '' }])) };
  },
};
