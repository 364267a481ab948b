import type { BootIdentity } from './point.ts';

/**
 * Decides which listed dyno a boot is; no other code does. Points carry a dyno's name, but names prove nothing: they
 * are reused, and any machine can set `DYNO`. A boot that is not a listed dyno is shown, but neither restarted nor
 * learned from.
 */
export type Listing<D extends ListedDyno = ListedDyno> =
  | { readonly kind: 'listed'; readonly dyno: D }
  | {
      readonly kind: 'unlisted';
      readonly reason: 'boot-not-listed' | 'dyno-id-shared';
      /** A sentence: why it is not a listed dyno. */
      readonly says: string;
    }
  /** The platform has not listed the app's dynos yet. */
  | { readonly kind: 'unread' };

/** The fields that identify a boot. */
export type BootMark = Pick<BootIdentity, 'dyno' | 'bootId' | 'bootIdSource' | 'startTimeMs'>;

/** The fields of a listed dyno that a boot is compared with. */
export interface ListedDyno {
  readonly id: string;
  readonly name: string;
  readonly processType: string;
  readonly state: string;
  readonly createdAtMs: number;
}

/** A boot, and the times of its first and last point (Unix ms). */
export interface KnownBoot {
  readonly identity: BootIdentity;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
}

/** The clocks of the platform, of a dyno and of this machine may differ by this much. */
const CLOCK_SLACK_MS = 60_000;
/**
 * A container's first process starts after the platform has created the dyno, and no later than this: image pull and
 * start-up.
 */
const MAX_START_DELAY_MS = 10 * 60_000;

/**
 * Whether the listed dyno is this boot: equal names and, where the boot has the platform's id, equal ids. A boot with a
 * derived id must have started between 60 s before and 10 min after the dyno was created, and not in the future. With a
 * derived id this is not enough: see `carriesId`.
 */
export function isSameBoot(
  boot: BootMark,
  dyno: Pick<ListedDyno, 'id' | 'name' | 'createdAtMs'>,
  nowMs: number,
): boolean {
  if (boot.dyno === '' || boot.dyno !== dyno.name) return false;
  if (boot.bootIdSource === 'platform') return boot.bootId === dyno.id;
  if (boot.startTimeMs === null || boot.startTimeMs > nowMs + CLOCK_SLACK_MS) return false;
  const delayMs = boot.startTimeMs - dyno.createdAtMs;
  return delayMs >= -CLOCK_SLACK_MS && delayMs <= MAX_START_DELAY_MS;
}

/**
 * Whether any boot of the app but this one reports under the listed dyno's own id: then this one, with a derived id, is
 * not that dyno.
 */
export function carriesId(
  boots: Iterable<{ readonly identity: BootIdentity }>,
  { app, bootId, dynoId }: { readonly app: string; readonly bootId: string; readonly dynoId: string },
): boolean {
  if (bootId === dynoId) return false;
  for (const { identity } of boots) if (identity.app === app && identity.bootId === dynoId) return true;
  return false;
}

/** A boot at one moment: all boots are compared as they were when each was looked at. */
interface Look<D> extends KnownBoot {
  readonly ofApp: AppLooks<D>;
}

/** The boots of an app by id and by name, and its dynos by name; null where the app was not read. */
interface AppLooks<D> {
  readonly byId: Map<string, Look<D>[]>;
  readonly byName: Map<string, Look<D>[]>;
  readonly listed: ReadonlyMap<string, D> | null;
}

interface LookedAt {
  readonly nowMs: number;
  readonly silentAfterMs: number;
}

/**
 * How each boot stands in the listing of its app, in the order given. `dynosOf` answers null where the app was not
 * read; it is asked once for each app. A boot that was silent for longer than `silentAfterMs` shares its id with nobody
 * any more.
 *
 * Made in steps, about one boot each, between which boots may report. First all boots are looked at, then each is
 * compared with the looks: otherwise of two boots that share an id the first could be listed and the second not.
 */
export function* findListings<D extends ListedDyno>(
  boots: readonly KnownBoot[],
  dynosOf: (app: string) => readonly D[] | null,
  at: LookedAt,
): Generator<void, readonly Listing<D>[]> {
  const looks = yield* lookAt(boots, dynosOf);
  const listings: Listing<D>[] = [];
  for (const look of looks) {
    listings.push(listingOf(look, at));
    yield;
  }
  return listings;
}

function* lookAt<D extends ListedDyno>(
  boots: readonly KnownBoot[],
  dynosOf: (app: string) => readonly D[] | null,
): Generator<void, readonly Look<D>[]> {
  const apps = new Map<string | null, AppLooks<D>>();
  const looks: Look<D>[] = [];
  for (const boot of boots) {
    const { identity } = boot;
    const { app, bootId, dyno } = identity;
    const ofApp = apps.get(app) ?? {
      byId: new Map(),
      byName: new Map(),
      listed: yield* byDynoName(app === null ? null : dynosOf(app)),
    };
    apps.set(app, ofApp);
    const look = { identity, firstPointMs: boot.firstPointMs, lastPointMs: boot.lastPointMs, ofApp };
    addTo(ofApp.byId, bootId, look);
    addTo(ofApp.byName, dyno, look);
    looks.push(look);
    yield;
  }
  for (const { byId, byName } of apps.values()) {
    keepNewest(byId);
    keepNewest(byName);
    yield;
  }
  return looks;
}

/** Of two dynos of one name the first counts. */
function* byDynoName<D extends ListedDyno>(dynos: readonly D[] | null): Generator<void, ReadonlyMap<string, D> | null> {
  if (dynos === null) return null;
  const named = new Map<string, D>();
  for (const dyno of dynos) {
    if (!named.has(dyno.name)) named.set(dyno.name, dyno);
    yield;
  }
  return named;
}

function listingOf<D extends ListedDyno>(look: Look<D>, { nowMs, silentAfterMs }: LookedAt): Listing<D> {
  const { identity, ofApp } = look;
  const { dyno: name, bootId } = identity;
  const namesake = ofApp.byId.get(bootId)?.find(
    // One stray measurement must not keep a dyno from being restarted for the rest of its life.
    (other) => other.identity.dyno !== name && livedTogether(look, other) && nowMs - other.lastPointMs <= silentAfterMs,
  );
  if (namesake !== undefined) return shared(namesake.identity.dyno);
  if (ofApp.listed === null) return { kind: 'unread' };
  const dyno = ofApp.listed.get(name);
  if (dyno === undefined) return unlisted(`it has no ${name}`);
  const why = differs(identity, dyno, nowMs);
  if (why !== null) return unlisted(why);
  if (identity.bootIdSource === 'platform') return { kind: 'listed', dyno };
  if (bootId !== dyno.id && ofApp.byId.has(dyno.id)) return unlisted(`its ${name} reports under its own id`);
  const twin = ofApp.byName
    .get(name)
    ?.find((other) => other !== look && isSameBoot(other.identity, dyno, nowMs) && livedTogether(look, other));
  return twin === undefined ? { kind: 'listed', dyno } : unlisted(`two boots say that they are its ${name}`);
}

/** Null where the boot is this dyno, as far as the two of them say. */
function differs(boot: BootIdentity, dyno: ListedDyno, nowMs: number): string | null {
  if (!isSameBoot(boot, dyno, nowMs)) {
    if (boot.bootIdSource === 'platform') return `its ${dyno.name} is the boot ${dyno.id}`;
    const started =
      boot.startTimeMs === null ? 'does not say when it started' : `says it started ${iso(boot.startTimeMs)}`;
    return `it created ${dyno.name} ${iso(dyno.createdAtMs)}, and this boot ${started}`;
  }
  return dyno.processType === boot.processType ? null : `its ${dyno.name} is of the type ${dyno.processType}`;
}

function unlisted(why: string): Extract<Listing, { kind: 'unlisted' }> {
  return { kind: 'unlisted', reason: 'boot-not-listed', says: `The platform does not list this boot: ${why}.` };
}

function shared(otherName: string): Extract<Listing, { kind: 'unlisted' }> {
  const says =
    `${otherName} reports under the same dyno id, so Tidemark cannot tell which dyno this is; ` +
    'look for what sets heroku.dyno.id on the way.';
  return { kind: 'unlisted', reason: 'dyno-id-shared', says };
}

function livedTogether(one: KnownBoot, other: KnownBoot): boolean {
  return one.firstPointMs <= other.lastPointMs && other.firstPointMs <= one.lastPointMs;
}

/** Points may carry any time; the largest of them are no dates. */
function iso(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? 'at no time' : `at ${date.toISOString()}`;
}

/**
 * Boots of one name or id that each of them is compared with: the newest. Senders choose names and ids, and with
 * thousands alike a comparison of all with all would stop the service.
 */
const MAX_COMPARED = 32;

function addTo<L>(groups: Map<string, L[]>, key: string, look: L): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [look]);
  else group.push(look);
}

function keepNewest<L extends KnownBoot>(groups: Map<string, L[]>): void {
  for (const [key, group] of groups) {
    if (group.length <= MAX_COMPARED) continue;
    groups.set(key, group.sort((a, b) => b.lastPointMs - a.lastPointMs).slice(0, MAX_COMPARED));
  }
}
