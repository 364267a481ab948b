/** What may be restarted: one process type of one app. */
export interface Target {
  /** The app's name, never empty. */
  readonly app: string;
  /** The process type, e.g. `worker`; never empty. */
  readonly processType: string;
}

/** `app:type`, as settings, ledger keys, logs and the API write it. */
export type TargetKey = `${string}:${string}`;

export function targetKey(target: Target): TargetKey {
  return `${target.app}:${target.processType}`;
}

/** The target of a key. App names have no colon. */
export function targetOf(key: TargetKey): Target {
  const colon = key.indexOf(':');
  return { app: key.slice(0, colon), processType: key.slice(colon + 1) };
}

/** Parses `app:type`; null for any other text. */
export function parseTarget(text: string): Target | null {
  const [, app, processType] = /^([a-z][a-z0-9-]{0,62}):([-\w]{1,128})$/.exec(text) ?? [];
  return app === undefined || processType === undefined ? null : { app, processType };
}

/**
 * One entry of an allow-list, `app:type`. `.` as app means the actuator's own app; a trailing `*` in the app matches
 * any ending, for review apps, which have the pull request's number in their names.
 */
export interface TargetPattern {
  /** A name, a name with a trailing `*`, or `.`. */
  readonly app: string;
  /** For example `worker`. */
  readonly processType: string;
}

/**
 * Heroku: app names are lower-case letters, digits and dashes, start with a letter, and end with no dash; 2 to 30
 * characters.
 */
const APP = /^(\.|[a-z][a-z0-9-]{0,62}\*?|\*)$/;
const APP_NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** Heroku's formation schema: `^[-\w]{1,128}$`. */
const PROCESS_TYPE = /^[-\w]{1,128}$/;

/**
 * Process types of one-off dynos (Dev Center, "One-Off Dynos"): a restart ends them, and the platform does not replace
 * them.
 */
export const ONE_OFF_TYPES: ReadonlySet<string> = new Set(['run', 'release', 'scheduler']);

export type ParsedPatterns =
  | { readonly ok: true; readonly patterns: readonly TargetPattern[] }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Parses `app:type,...`. Blank text is the empty list. */
export function parseTargetPatterns(text: string): ParsedPatterns {
  const patterns: TargetPattern[] = [];
  const faults: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [app = '', processType = '', ...rest] = entry.split(':');
    if (rest.length > 0 || !APP.test(app) || !PROCESS_TYPE.test(processType)) {
      faults.push(
        `"${entry}" is not app:type ` +
          '(for example "shop:worker", ".:worker" for this app, "shop-pr-*:worker" for review apps)',
      );
    } else if (ONE_OFF_TYPES.has(processType)) {
      faults.push(`"${entry}": ${processType} dynos are one-offs, which a restart ends and nothing starts again`);
    } else if (app === '*') {
      faults.push(
        `"${entry}" would allow every app that the token reaches; ` +
          'name the apps, or at least the beginning of their names',
      );
    } else {
      patterns.push({ app, processType });
    }
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, patterns };
}

/**
 * Whether any of the patterns matches. `ownApp` is the app that `.` stands for; without it `.` matches nothing. An
 * invalid app name, which a point may contain, matches no pattern with `*`: the platform could not be asked for it.
 */
export function matchesAny(patterns: readonly TargetPattern[], target: Target, ownApp: string | null): boolean {
  return patterns.some(
    (pattern) => pattern.processType === target.processType && matchesApp(pattern.app, target.app, ownApp),
  );
}

/**
 * Whether one of the patterns matches everything that `pattern` can match: `shop-*:worker` covers `shop-pr-*:worker`,
 * even before any of its apps is known.
 */
export function covers(patterns: readonly TargetPattern[], pattern: TargetPattern, ownApp: string | null): boolean {
  const app = pattern.app === '.' ? ownApp : pattern.app;
  // `.` without an own app matches nothing, and any pattern covers nothing.
  if (app === null) return true;
  return patterns.some((one) => {
    if (one.processType !== pattern.processType) return false;
    if (!app.endsWith('*')) return matchesApp(one.app, app, ownApp);
    return one.app.endsWith('*') && app.startsWith(one.app.slice(0, -1));
  });
}

/** Whether the app of one pattern allows an app of that name. */
export function matchesApp(pattern: string, app: string, ownApp: string | null): boolean {
  if (app === '') return false;
  if (pattern === '.') return ownApp !== null && app === ownApp;
  if (pattern.endsWith('*')) return APP_NAME.test(app) && app.startsWith(pattern.slice(0, -1));
  return pattern === app;
}
