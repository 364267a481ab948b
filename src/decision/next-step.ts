import type { Decision, Reason } from '../model/decision.ts';
import { formatBytes } from '../model/text/format.ts';

/** What happens next, short enough for one line. */
export interface NextStep {
  readonly says: string;
  /** When it happens at the latest, or is looked at again (Unix ms); null where no time is known. */
  readonly atMs: number | null;
}

/** What Tidemark does next with a boot. The time is apart from the words: readers show it in their own time zone. */
export function nextStep(decision: Decision): NextStep {
  const { action, reason, dryRun, timeMs, timeToLimitMs, waitsUntilMs = null } = decision;
  if (action === 'restart')
    return { says: `${dryRun ? 'dry run: would restart' : 'restart'} now${back(decision)}`, atMs: timeMs };
  const says = reason === 'below-limits' && isFloorOverSoftLimit(decision) ? SHORTLY_OVER : WORDS[reason];
  if (reason === 'jobs-running') return { says: `${says}${back(decision)}`, atMs: waitsUntilMs };
  if (AT_LIMIT.has(reason)) return { says, atMs: timeToLimitMs === null ? null : timeMs + timeToLimitMs };
  return { says, atMs: waitsUntilMs };
}

/** For these the time that matters is when the floor reaches the limit. */
const AT_LIMIT: ReadonlySet<Reason> = new Set(['leak-far-from-limit', 'cycle-comes-first']);

function back({ reclaimableBytes }: Decision): string {
  return reclaimableBytes === null ? '' : `, gives back about ${formatBytes(reclaimableBytes)}`;
}

function isFloorOverSoftLimit({ floorBytes, softLimitBytes }: Decision): boolean {
  return floorBytes !== null && softLimitBytes !== null && floorBytes > softLimitBytes;
}

/** The rule that is left when no other applies: the floor may be up, but not for long enough to be bloat. */
const SHORTLY_OVER = 'watching: it has not stayed over the soft limit yet';
const BIGGER = 'a restart does not help: bigger dyno or less concurrency';

const WORDS: Readonly<Record<Reason, string>> = {
  'warming-up': 'watching: it is warming up',
  'no-growth': 'nothing to do: memory does not grow',
  'below-limits': 'nothing to do: below its limits',
  'not-settled': 'watching: the floor still moves',
  'peak-returns': 'nothing to do: the peak comes down again',
  sawtooth: 'nothing to do: it gives memory back by itself',
  'leak-far-from-limit': 'leak: restart shortly before it reaches the limit',
  'cycle-comes-first': "leak: the platform's own restart comes before the limit",
  silent: 'no measurements: look at the worker',
  'sustained-over-soft-limit': 'restart',
  'leak-near-limit': 'restart',
  'hard-limit': 'restart',
  'kill-point': 'restart',
  'max-rss': 'restart',
  requested: 'restart',
  'limit-unknown': 'cannot judge: the quota is unknown (set TIDEMARK_LIMIT)',
  'reclaimable-unknown': 'watching: what a restart gives back is unknown yet',
  load: `running jobs hold it: ${BIGGER}`,
  'working-set': BIGGER,
  'memory-comes-back': `memory comes back after restarts: ${BIGGER}`,
  'boot-not-listed': 'not restarted: the platform does not list this boot',
  'dyno-id-shared': 'not restarted: another dyno reports under its id',
  'not-allowed': 'not restarted: not on the allow-list (TIDEMARK_TARGETS)',
  'app-unknown': 'not restarted: its app is unknown (set TIDEMARK_APP)',
  'dyno-not-up': 'restart once the platform lists it as up',
  'abandoned-lately': 'restart after a pause: the last attempt was given up',
  'min-uptime': 'restart once it has run long enough',
  paused: 'would restart, but a person paused restarts',
  'ledger-hold': 'restart when the new ledger releases it',
  'attempt-open': 'restart after the one that is under way',
  'boot-spent': 'a restart was sent already: waits for the new boot',
  cooldown: 'restart after the cooldown',
  budget: 'restart when the budget of this hour allows it',
  'breaker-open': 'would restart, but the last restarts did not help',
  'min-healthy': 'restart when enough other dynos are up',
  'another-first': 'restart after another dyno of the type',
  'jobs-running': 'restart at the next idle moment',
  'ledger-unavailable': 'restart when Redis can be read again',
  'eviction-policy': 'would restart, but Redis may drop the ledger',
  'platform-unavailable': 'restart when the platform answers again',
  'taking-over': 'restart when this actuator leads and has watched for a window',
};
