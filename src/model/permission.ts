import type { Permissions } from './policy.ts';
import { covers, matchesAny, type Target, type TargetPattern } from './target.ts';

/** What this actuator may do to a target. `dry`: decide, log and report, but restart nothing. */
export type Permission = 'allowed' | 'dry' | 'forbidden';

/** The one reading of allow-list and dry run. */
export function permissionOf(permissions: Permissions, target: Target): Permission {
  if (!matchesAny(permissions.allowed, target, permissions.ownApp)) return 'forbidden';
  return isDry(permissions, target) ? 'dry' : 'allowed';
}

/** Whether dry run holds for the target, or for every target that a pattern can match, on the allow-list or not. */
export function isDry({ dryRun, ownApp }: Permissions, target: Target | TargetPattern): boolean {
  return typeof dryRun === 'boolean' ? dryRun : covers(dryRun, target, ownApp);
}
