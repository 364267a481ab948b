import type { ActuatorSettings } from '../config/resolve.ts';
import type { Boot } from '../detector/boot/boot.ts';
import { matchesAny, ONE_OFF_TYPES } from '../model/target.ts';
import { formatDuration } from '../model/text/format.ts';
import type { PlatformDyno } from '../ports.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning } = findingsOn('points');

/** Snapshots are saved when a bucket closes, so their newest point may be this old although points arrive. */
const SILENT_WINDOWS = 5;
/** A younger dyno may not have reported yet. */
const SETTLED_MS = 5 * 60_000;
const MAX_NAMES = 8;

export interface PointsCheckInput {
  readonly settings: ActuatorSettings;
  /** As the actuator saved them; null where Redis could not be read. */
  readonly boots: readonly Boot[] | null;
  /** The listed dynos by app, for apps on the allow-list that could be read. */
  readonly dynos: ReadonlyMap<string, readonly PlatformDyno[]>;
  readonly nowMs: number;
}

/** Which measurements have arrived, from the state that an actuator saved. Pure. */
export function checkPoints({ settings, boots, dynos, nowMs }: PointsCheckInput): readonly Finding[] {
  if (boots === null) return [];
  const reporting = reportingBoots(boots, settings, nowMs);
  if (reporting.length === 0) return [silence(settings, boots, nowMs)];
  const names = reporting.map(nameOf).sort();
  return [
    ok(`points arrive from ${counted(names.length)}: ${shortened(names)}`),
    ...checkIdentity(reporting),
    ...checkQuotas(settings, reporting),
    ...checkSilentDynos(settings, reporting, { dynos, nowMs }),
  ];
}

/** The newest boot of each dyno that reports now. One-off dynos, for example of `heroku run`, are left out. */
export function reportingBoots(boots: readonly Boot[], { policy }: ActuatorSettings, nowMs: number): readonly Boot[] {
  const newest = new Map<string, Boot>();
  for (const boot of boots) {
    const { app, dyno, processType, bootId } = boot.identity;
    const reports = nowMs - boot.lastPointMs <= SILENT_WINDOWS * policy.windowMs;
    if (!reports || ONE_OFF_TYPES.has(processType)) continue;
    // Two dynos of unknown apps may have the same name.
    const key = app === null ? bootId : `${app} ${dyno}`;
    const other = newest.get(key);
    if (other === undefined || other.firstPointMs < boot.firstPointMs) newest.set(key, boot);
  }
  return [...newest.values()];
}

function nameOf({ identity }: Boot): string {
  return `${identity.app ?? 'unknown app'} ${identity.dyno}`;
}

function counted(dynos: number): string {
  return `${dynos} ${dynos === 1 ? 'dyno' : 'dynos'}`;
}

/** Checks the dynos that may be restarted; all of them while the allow-list is empty. */
function checkQuotas({ permissions }: ActuatorSettings, boots: readonly Boot[]): readonly Finding[] {
  const { allowed, ownApp } = permissions;
  const unknown = boots.filter(({ platformLimitBytes, limitBytes, identity: { app, processType } }) => {
    const isAllowed = app !== null && matchesAny(allowed, { app, processType }, ownApp);
    return (allowed.length === 0 || isAllowed) && (platformLimitBytes ?? limitBytes) === null;
  });
  if (unknown.length === 0) return [];
  const advice = 'set TIDEMARK_LIMIT=512MiB (what the dyno has) in the worker, or HEROKU_API_TOKEN here';
  const names = shortened(unknown.map(nameOf).sort());
  return [warning(`the memory quota of ${names} is not known: without it they are never restarted`, advice)];
}

function silence({ sources, policy }: ActuatorSettings, boots: readonly Boot[], nowMs: number): Finding {
  const newestMs = Math.max(...boots.map(({ lastPointMs }) => lastPointMs));
  const says =
    boots.length === 0
      ? 'no points have arrived in the last 48 hours'
      : `the last points came ${formatDuration(nowMs - newestMs)} ago`;
  const way = sources.includes('redis')
    ? 'TIDEMARK_TRANSPORT=redis in the workers'
    : 'OTEL_EXPORTER_OTLP_ENDPOINT and the ingest token in the workers';
  const wait = `a dyno shows here after one window (${formatDuration(policy.windowMs)})`;
  return warning(says, `check that an actuator runs, "tidemark/register" is imported first, and ${way}; ${wait}`);
}

function checkIdentity(boots: readonly Boot[]): readonly Finding[] {
  const found: Finding[] = [];
  const nameless = boots.filter(({ identity }) => identity.app === null);
  if (nameless.length > 0) {
    const advice = 'set TIDEMARK_APP there, or `heroku labs:enable runtime-dyno-metadata` and deploy';
    found.push(warning(`${counted(nameless.length)} without the name of an app: never restarted`, advice));
  }
  const derived = boots.filter(({ identity }) => identity.bootIdSource === 'derived');
  if (derived.length > 0) {
    const advice = '`heroku labs:enable runtime-dyno-metadata` and deploy: then the platform gives each boot its id';
    found.push(
      warning(`${counted(derived.length)} with a derived boot id, which Tidemark matches by the start time`, advice),
    );
  }
  if (found.length === 0) found.push(ok('each dyno says its app and the boot id that the platform gave it'));
  return found;
}

function checkSilentDynos(
  { permissions }: ActuatorSettings,
  reporting: readonly Boot[],
  { dynos, nowMs }: Pick<PointsCheckInput, 'dynos' | 'nowMs'>,
): readonly Finding[] {
  const known = new Set(reporting.map(({ identity }) => `${identity.app} ${identity.dyno}`));
  const silent = [...dynos].flatMap(([app, list]) =>
    list
      .filter(({ processType }) => matchesAny(permissions.allowed, { app, processType }, permissions.ownApp))
      .filter(({ state, createdAtMs }) => state === 'up' && nowMs - createdAtMs > SETTLED_MS)
      .map(({ name }) => `${app} ${name}`)
      .filter((name) => !known.has(name)),
  );
  if (silent.length === 0) return [];
  const advice = 'they run no worker, or do not import "tidemark/register"';
  return [warning(`no points come from ${shortened(silent)}, which may be restarted`, advice)];
}

function shortened(names: readonly string[]): string {
  if (names.length <= MAX_NAMES) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
}
