import { restartsShownByAges } from '../attempt/rebuilt-history.ts';
import { decide } from '../decision/decide.ts';
import { closedBuckets, noteLimit } from '../detector/boot.ts';
import { writeSnapshot } from '../detector/snapshot.ts';
import type { Decision } from '../model/decision.ts';
import { LedgerUnavailable, UnreadableRecord } from '../model/errors.ts';
import { matchesAny, type Target, type TargetKey, targetKey } from '../model/target.ts';
import type { Ledger, LedgerView } from '../ports.ts';
import { type BootEntry, SUPERSEDED_AFTER_WINDOWS } from './boot-registry.ts';
import type { ActuatorParts } from './parts.ts';
import { findBackSoon, findReclaimed } from './restart/restart-outcomes.ts';

/**
 * The body of the loop. Level-based: it looks at what is, whatever happened before, so what a failed tick left undone the next one does. Open
 * attempts come first, those of silent targets too: no attempt waits for a point.
 */
export async function tick(parts: ActuatorParts): Promise<void> {
  parts.restarts?.advance();
  forgetWhatIsOver(parts);
  const entries = parts.registry.entries();
  await readPlatform(parts, entries);
  noteListings(parts, entries);
  const ledgers = await readLedgers(parts, entries);
  await tellOfBreakers(parts, ledgers);
  await learn(parts, entries, ledgers);
  const decisions = decideAll(parts, entries, ledgers);
  for (const { entry, decision } of decisions) {
    entry.decision = decision;
    const ledger = decision.target && ledgers.get(targetKey(decision.target));
    entry.learnedFloorBytes = ledger?.learnedFloorBytes ?? entry.learnedFloorBytes;
    entry.uselessRestarts = ledger?.uselessRestarts ?? entry.uselessRestarts;
    await record(parts, entry, decision);
  }
  await act(parts, decisions);
  await saveSnapshots(parts, entries);
}

function forgetWhatIsOver({ clock, registry, decisions, teacher }: ActuatorParts): void {
  const gone = registry.prune(clock.now());
  for (const key of gone) decisions.forget(key);
  teacher.forget(gone);
}

/** Apps that may be acted on, and no others: points can name any app, and each would cost calls of the account's budget. */
async function readPlatform(
  { platform, permissions, log }: ActuatorParts,
  entries: readonly BootEntry[],
): Promise<void> {
  const apps = targetsOf(entries).filter((target) => matchesAny(permissions.allowed, target, permissions.ownApp));
  const faults = (await platform?.refresh(apps.map(({ app }) => app))) ?? [];
  for (const fault of faults) log.warn('the platform could not be read', { code: fault.code, error: fault.message });
}

/** Which listed dyno each boot is, by what was just read. */
function noteListings({ platform, policy }: ActuatorParts, entries: readonly BootEntry[]): void {
  const listings =
    platform?.listingsOf(
      entries.map(({ boot }) => boot),
      SUPERSEDED_AFTER_WINDOWS * policy.windowMs,
    ) ?? [];
  for (const [index, entry] of entries.entries()) {
    const listing = listings[index] ?? null;
    entry.listing = listing;
    const { app } = entry.boot.identity;
    if (platform !== null && app !== null && listing?.kind === 'listed') {
      entry.facts = platform.factsOf(app, listing.dyno);
    }
    noteLimit(entry.boot, entry.facts?.limitBytes ?? null);
  }
}

/** The ledgers of all targets; null for those that could not be read. */
async function readLedgers(
  parts: ActuatorParts,
  entries: readonly BootEntry[],
): Promise<ReadonlyMap<TargetKey, LedgerView | null>> {
  const { ledger, log } = parts;
  const views = new Map<TargetKey, LedgerView | null>();
  for (const target of targetsOf(entries)) {
    views.set(targetKey(target), null);
    if (ledger === null || parts.ledgerState() !== 'available') continue;
    try {
      views.set(targetKey(target), await ledger.read(target));
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      // Told when it was found.
      if (error instanceof UnreadableRecord) continue;
      log.warn('the ledger could not be read', { target: targetKey(target), error: error.message });
    }
  }
  return views;
}

async function tellOfBreakers(
  { breakers, clock, leads, publish }: ActuatorParts,
  ledgers: ReadonlyMap<TargetKey, LedgerView | null>,
): Promise<void> {
  if (!leads()) return;
  for (const view of ledgers.values()) {
    const opened = view === null ? null : breakers.look(view, clock.now());
    if (opened !== null) await publish(opened);
  }
}

/** What boots show after their warm-up, and what restarts gave back, goes into the ledger for those that come after. */
async function learn(
  parts: ActuatorParts,
  entries: readonly BootEntry[],
  ledgers: ReadonlyMap<TargetKey, LedgerView | null>,
): Promise<void> {
  const { ledger, teacher, log } = parts;
  if (ledger === null || parts.ledgerState() !== 'available' || !parts.leads()) return;
  try {
    await teacher.teach(ledger, entries, parts.policy);
    for (const view of ledgers.values()) {
      if (view !== null) await unlessUnreadable(() => learnOf(parts, ledger, { view, entries }));
    }
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    log.warn('the ledger could not be taught', { error: error.message });
  }
}

/** A record that cannot be read, which was told when it was found, must not keep other targets from learning. */
async function unlessUnreadable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
  }
}

async function learnOf(
  parts: ActuatorParts,
  ledger: Ledger,
  { view, entries }: { readonly view: LedgerView; readonly entries: readonly BootEntry[] },
): Promise<void> {
  const { platform, clock, policy, log } = parts;
  const dynos = platform?.dynosOfApp(view.target.app) ?? null;
  // A ledger is new as long as its hold lasts: then it may have lost what it knew.
  if (view.heldUntilMs > 0 && dynos !== null) {
    const { processType } = view.target;
    await ledger.rebuild(view.target, restartsShownByAges(dynos, { processType, nowMs: clock.now() }));
  }
  const release = platform?.newestRelease(view.target) ?? null;
  if (release !== null) await ledger.noteRelease(view.target, release);
  for (const { entry, reclaimedBytes } of findReclaimed(view, entries, policy)) {
    await ledger.recordReclaimed(view.target, entry.attemptId, reclaimedBytes);
    await parts.publish({
      type: 'reclaimed',
      timeMs: clock.now(),
      target: targetKey(view.target),
      attemptId: entry.attemptId,
      reclaimedBytes,
      usageBytes: entry.usageBytes,
    });
  }
  for (const { entry, backAfterMs } of findBackSoon(view, entries, { policy, nowMs: clock.now() })) {
    await ledger.recordBackSoon(view.target, entry.attemptId, backAfterMs);
    log.info('memory was back soon after a restart', { target: targetKey(view.target), dyno: entry.dyno, backAfterMs });
  }
}

interface Decided {
  readonly entry: BootEntry;
  readonly decision: Decision;
}

function decideAll(
  parts: ActuatorParts,
  entries: readonly BootEntry[],
  ledgers: ReadonlyMap<TargetKey, LedgerView | null>,
): readonly Decided[] {
  const { platform, policy, permissions, clock } = parts;
  const boots = entries.map(({ boot, facts, listing }) => ({ boot, facts, listing }));
  const decisions = decide({
    boots,
    ledgers,
    nowMs: clock.now(),
    policy,
    permissions,
    upCount: (target: Target) => platform?.upCount(target) ?? null,
    hindrance: hindranceOf(parts),
  });
  return entries.flatMap((entry, index) => {
    const decision = decisions[index];
    return decision === undefined ? [] : [{ entry, decision }];
  });
}

/**
 * While the platform wants no calls an attempt would only wait for its deadline, and its close would start a cooldown. Without any platform a dry
 * run still says what it would restart.
 */
function hindranceOf({ platform, mayAct }: ActuatorParts): 'platform-unavailable' | 'taking-over' | null {
  if (platform?.isBlocked()) return 'platform-unavailable';
  return mayAct() ? null : 'taking-over';
}

/** One line in the log for each decision that is news, also for those to do nothing. */
async function record(parts: ActuatorParts, entry: BootEntry, decision: Decision): Promise<void> {
  if (!parts.decisions.record(entry.key, decision, { isTried: parts.restarts !== null })) return;
  parts.log.info('decision', { ...decision });
  if (parts.leads()) await parts.publish({ type: 'decision', timeMs: decision.timeMs, decision, outcome: null });
}

async function act(parts: ActuatorParts, decided: readonly Decided[]): Promise<void> {
  if (!parts.mayAct()) return;
  for (const { entry, decision } of decided) {
    if (decision.action === 'restart') await parts.restarts?.claim(decision, entry.boot.identity);
  }
}

/** A boot is saved when a bucket of it has closed: what a new actuator then lacks is less than a window. */
async function saveSnapshots(
  { snapshots, log, ledgerState, leads, pointsId }: ActuatorParts,
  entries: readonly BootEntry[],
): Promise<void> {
  if (snapshots === null || ledgerState() !== 'available' || !leads()) return;
  for (const entry of entries) {
    if (closedBuckets(entry.boot) === entry.savedBuckets) continue;
    try {
      await snapshots.save(entry.key, writeSnapshot({ boot: entry.boot, pointsId: pointsId() }));
      entry.savedBuckets = closedBuckets(entry.boot);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      log.warn('a snapshot could not be saved', { bootId: entry.boot.identity.bootId, error: error.message });
      return;
    }
  }
}

function targetsOf(entries: readonly BootEntry[]): readonly Target[] {
  const targets = new Map<TargetKey, Target>();
  for (const {
    boot: { identity },
  } of entries) {
    if (identity.app === null) continue;
    const target = { app: identity.app, processType: identity.processType };
    targets.set(targetKey(target), target);
  }
  return [...targets.values()];
}
