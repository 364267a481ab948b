import type { Reason } from '../model/decision.ts';

/** What stands against a restart that the memory curve asks for, as a code and in words. */
export type Gate = Extract<
  Reason,
  | 'not-allowed'
  | 'app-unknown'
  | 'dyno-not-up'
  | 'abandoned-lately'
  | 'min-uptime'
  | 'paused'
  | 'ledger-hold'
  | 'attempt-open'
  | 'boot-spent'
  | 'cooldown'
  | 'budget'
  | 'breaker-open'
  | 'min-healthy'
  | 'another-first'
  | 'jobs-running'
  | 'ledger-unavailable'
  | 'eviction-policy'
  | 'platform-unavailable'
  | 'taking-over'
>;

/** Each ends the sentence "Not restarted now: ...". */
export const GATE_WORDS: Readonly<Record<Gate, string>> = {
  'not-allowed': 'the target is not on the allow-list (TIDEMARK_TARGETS)',
  'app-unknown': 'the measurements do not name the app; set TIDEMARK_APP in the worker',
  'dyno-not-up': 'the platform does not list the dyno as up',
  'abandoned-lately': 'the last attempt at this dyno was abandoned a few windows ago',
  'min-uptime': 'the dyno is younger than TIDEMARK_MIN_UPTIME',
  paused: 'a person has paused restarts',
  'ledger-hold': 'the ledger in Redis is new, and restarts are held for a while',
  'attempt-open': 'another restart of the target is under way',
  'boot-spent': 'this boot was already sent a restart, and a boot gets only one',
  cooldown: 'the target is in the cooldown after its last restart',
  budget: 'the target has used up its restarts of this hour (TIDEMARK_MAX_RESTARTS_PER_HOUR)',
  'breaker-open': 'the last restarts did not help, so the breaker is open',
  'min-healthy': 'too few other dynos of the process type are up (TIDEMARK_MIN_HEALTHY)',
  'another-first': 'another dyno of the target comes first',
  'jobs-running': 'jobs are running, and there is time to wait for a moment without any',
  'ledger-unavailable': 'the ledger in Redis cannot be read',
  'eviction-policy': 'Redis may evict the ledger (allkeys-*); set its maxmemory-policy to noeviction',
  'platform-unavailable': 'the platform cannot be read',
  'taking-over': 'this actuator has just started to lead, and watches for one window first',
};

/** Only a person can change these, so they become advice. All others pass by themselves. */
export const ADVISED: ReadonlySet<Gate> = new Set(['breaker-open', 'eviction-policy']);
