import type { ActuatorSettings } from '../config/resolve.ts';
import type { Boot } from '../detector/boot.ts';
import { formatDuration } from '../model/format.ts';
import { matchesAny, ONE_OFF_TYPES } from '../model/target.ts';
import type { PlatformDyno } from '../ports.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning } = findingsOn('points');

/** Snapshots are made at each bucket's close, so the newest point in them may be this old though points arrive. */
const SILENT_WINDOWS = 5;
/** A dyno that is younger may not have reported yet. */
const SETTLED_MS = 5 * 60_000;

export interface PointsCheckInput {
  readonly settings: ActuatorSettings;
  /** As the actuator saved them; null where Redis could not be read. */
  readonly boots: readonly Boot[] | null;
  /** Of the apps on the allow-list, by name; without those that could not be read. */
  readonly dynos: ReadonlyMap<string, readonly PlatformDyno[]>;
  readonly nowMs: number;
}

/** What has arrived, as an actuator has folded it. Pure. */
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

/** The newest boot of each dyno that reports now. One-off dynos, like the one of `heroku run tidemark doctor`, are left out. */
export function reportingBoots(boots: readonly Boot[], { policy }: ActuatorSettings, nowMs: number): readonly Boot[] {
  const newest = new Map<string, Boot>();
  for (const boot of boots) {
    const { app, dyno, processType, bootId } = boot.identity;
    const reports = nowMs - boot.lastPointMs <= SILENT_WINDOWS * policy.windowMs;
    if (!reports || ONE_OFF_TYPES.has(processType)) continue;
    // Dynos of unknown apps may be of several apps.
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

/** Of those that may be restarted, and of all before anything may. */
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
  const wait = `a boot shows here once a window (${formatDuration(policy.windowMs)}) of it has been seen`;
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
    const advice = '`heroku labs:enable runtime-dyno-metadata` and deploy: then the platform says which boot it is';
    found.push(
      warning(`${counted(derived.length)} with a derived boot id, which is matched by its start time`, advice),
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
  const MOST = 8;
  return names.length <= MOST ? names.join(', ') : `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`;
}
