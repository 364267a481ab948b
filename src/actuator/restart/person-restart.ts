import type { Decision } from '../../model/decision.ts';
import { BadInputError, LedgerUnavailable, PlatformError } from '../../model/errors.ts';
import { permissionOf } from '../../model/permission.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Permissions } from '../../model/policy.ts';
import { matchesAny, type Target } from '../../model/target.ts';
import type { ClaimRequest, PlatformDyno } from '../../ports.ts';
import type { RestartRequestAnswer } from '../../web/control.ts';
import type { BootRegistry } from '../boot-registry.ts';
import { markOf, notesOf, type Suspects } from '../loop/claims.ts';
import type { Mode } from '../mode.ts';

export interface PersonRestartParts {
  readonly mode: Mode;
  readonly permissions: Permissions;
  readonly registry: BootRegistry;
  readonly suspects: Suspects;
  readonly others: TargetsOfOthers;
}

/** What is known of the targets that other actuators follow. */
export interface TargetsOfOthers {
  /** The name of the actuator that follows the target; null where no other one does. */
  readonly holderOf: (target: Target) => string | null;
  /** What was decided last about a dyno of theirs; null where nothing is known of it. */
  readonly decisionOf: (app: string, dyno: string) => Decision | null;
}

/**
 * A person's restart: skips detector, cooldown, budget and a spent boot, and nothing else. The claim is in the ledger,
 * where the actuator that follows the target finds it in its next round: it knows the jobs of the dyno. So any actuator
 * may be asked.
 */
export async function restartForPerson(
  { mode, permissions, registry, suspects, others }: PersonRestartParts,
  app: string,
  dyno: string,
): Promise<RestartRequestAnswer> {
  if (mode.kind === 'observe') return { ok: false, why: `${mode.lacks}-unavailable` };
  // The dynos of an app that has no target on the allow-list are not even read.
  const { allowed, ownApp } = permissions;
  if (!allowed.some(({ processType }) => matchesAny(allowed, { app, processType }, ownApp))) {
    return { ok: false, why: 'not-allowed' };
  }
  try {
    // The boot that a person means is the one that runs now by the platform's own word, whether or not it sends points.
    const listed = (await mode.platform.list(app)).find(({ name }) => name === dyno);
    if (listed === undefined) return { ok: false, why: 'unknown-dyno' };
    const boot = identityOf(app, listed);
    const permission = permissionOf(permissions, { app, processType: boot.processType });
    if (permission === 'forbidden') return { ok: false, why: 'not-allowed' };
    const dryRun = permission === 'dry';
    const entry = registry.newestOf(app, dyno);
    const decision = entry?.decision ?? others.decisionOf(app, dyno);
    const notes = notesOf(decision, entry?.boot.identity ?? boot, suspects);
    const answer = await mode.restarts.claim({ ...requestFor(boot, { app, dryRun, decision }), notes });
    if (!answer.ok) return answer;
    const heldBy = others.holderOf(answer.attempt.target);
    if (heldBy === null) mode.restarts.adopt(answer.attempt);
    mode.restarts.advance();
    return { ok: true, attemptId: answer.attempt.id, dryRun, heldBy };
  } catch (error) {
    if (error instanceof LedgerUnavailable) return { ok: false, why: 'ledger-unavailable' };
    // No name of a dyno, so nothing was asked of the platform.
    if (error instanceof BadInputError) return { ok: false, why: 'unknown-dyno' };
    if (error instanceof PlatformError) return { ok: false, why: 'platform-unavailable' };
    throw error;
  }
}

function requestFor(
  boot: BootIdentity,
  { app, dryRun, decision }: { readonly app: string; readonly dryRun: boolean; readonly decision: Decision | null },
): ClaimRequest {
  return {
    target: { app, processType: boot.processType },
    ...markOf(boot),
    by: 'person',
    dryRun,
    reason: 'requested',
    explanation: 'A person asked for it.',
    usageBytes: decision?.usageBytes ?? null,
    floorBytes: decision?.floorBytes ?? null,
    limitBytes: decision?.limitBytes ?? null,
  };
}

function identityOf(app: string, dyno: PlatformDyno): BootIdentity {
  return {
    app,
    dyno: dyno.name,
    processType: dyno.processType,
    bootId: dyno.id,
    bootIdSource: 'platform',
    startTimeMs: dyno.createdAtMs,
    release: dyno.releaseVersion === null ? null : `v${dyno.releaseVersion}`,
  };
}
