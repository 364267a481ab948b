import type { Status } from '../../web/schema/status.ts';
import { heardWords, isGroup, silentOnes } from './actuators.ts';
import type { Tone } from './dynos/dyno-view.ts';
import { countWords } from './words/sizes.ts';

/** One fact about the actuator, at the top of the page. */
export interface Pill {
  readonly name: string;
  readonly value: string;
  readonly tone: Tone;
  readonly shape: string | null;
  /** On a phone a detail is left out while all is well with it, and a plain one is shown without its name. */
  readonly onPhone: 'whole' | 'plain' | 'detail';
}

/** What a person checks before anything else: does it act, and may it? */
export function pillsOf(status: Status): readonly Pill[] {
  return [
    roleOf(status),
    ...groupOf(status),
    modeOf(status),
    ...budgetOf(status),
    ...callsOf(status),
    ...pointsOf(status),
  ];
}

function pill(name: string, value: string, tone: Tone = 'ok', shape: string | null = null): Pill {
  return { name, value, tone, shape, onPhone: ON_PHONE[name] ?? 'whole' };
}

const ON_PHONE: Readonly<Record<string, Pill['onPhone']>> = {
  role: 'plain',
  mode: 'plain',
  calls: 'detail',
  'calls left': 'detail',
  points: 'detail',
};

function roleOf({ leading, read_from }: Status): Pill {
  if (leading) return pill('role', 'leading', 'ok', 'circle');
  return read_from === 'redis'
    ? pill('role', 'no actuator', 'act', 'circle')
    : pill('role', 'standby', 'quiet', 'circle');
}

function groupOf(status: Status): readonly Pill[] {
  if (!isGroup(status)) return [];
  return [pill('actuators', heardWords(status), silentOnes(status).length > 0 ? 'watch' : 'ok')];
}

function modeOf(status: Status): Pill {
  if (isAllPaused(status)) return pill('mode', 'paused', 'watch', 'pause');
  if (status.acting) return pill('mode', 'acting', 'ok', 'check');
  const { targets } = status;
  if (targets.length === 0) return pill('mode', 'watching only', 'quiet', 'ring');
  if (targets.every((target) => target.dry_run)) return pill('mode', 'dry run', 'watch', 'half');
  return pill('mode', 'not acting', 'watch', 'ring');
}

/** Whether every target is paused: the button then resumes. */
export function isAllPaused({ targets }: Status): boolean {
  return targets.length > 0 && targets.every((target) => target.paused_by !== null);
}

function budgetOf({ targets }: Status): readonly Pill[] {
  const known = targets.filter((target) => target.restarts_left !== null);
  if (known.length === 0) return [];
  const left = known.reduce((sum, target) => sum + (target.restarts_left ?? 0), 0);
  const most = known.reduce((sum, target) => sum + target.max_restarts_per_hour, 0);
  return [pill('restarts left', `${left} of ${most} an hour`, left === 0 ? 'watch' : 'ok')];
}

/** A tenth of what Heroku grants an account in an hour: with fewer the actuator reads its apps less often. */
const FEW_CALLS = 450;

function callsOf({ platform }: Status): readonly Pill[] {
  const { calls_left: left, calls_used: used, budget } = platform;
  const pills: Pill[] = [];
  if (used !== null && budget !== null)
    pills.push(pill('calls', `${countWords(used)} of ${countWords(budget)} an hour`));
  if (left !== null) pills.push(pill('calls left', `${countWords(left)} this hour`, left < FEW_CALLS ? 'watch' : 'ok'));
  return pills;
}

function pointsOf({ ingest }: Status): readonly Pill[] {
  return ingest.points_per_minute === null ? [] : [pill('points', `${countWords(ingest.points_per_minute)} a minute`)];
}
