import type { ActuatorShown, Status } from '../../web/schema/status.ts';
import type { LiveDyno } from './dynos/dyno-view.ts';
import { countWords, numberOf } from './words/sizes.ts';
import { agoWords } from './words/times.ts';

type Group = Pick<Status, 'actuators'>;

/** Whether there is more than one, so that it matters which of them holds what. */
export function isGroup({ actuators }: Group): boolean {
  return actuators.length > 1;
}

export function silentOnes({ actuators }: Group): readonly ActuatorShown[] {
  return actuators.filter(({ silent_since_ms }) => silent_since_ms !== null);
}

/** `2 of 3`: those that are heard. */
export function heardWords(group: Group): string {
  const all = group.actuators.length;
  return `${all - silentOnes(group).length} of ${all}`;
}

/** Which actuator holds what, each in a clause: `tidemark.1 (this one): partitions 0 to 3, with 120 dynos`. */
export function holdings({ actuators }: Group, nowMs: number): readonly string[] {
  return actuators.map((one) => {
    const silent = one.silent_since_ms === null ? '' : `, last heard ${agoWords(one.silent_since_ms, nowMs)}`;
    return `${one.name}${one.answers ? ' (this one)' : ''}: ${holdsWords(one)}${silent}`;
  });
}

export function holdsWords({ leads, partitions, targets, dynos }: ActuatorShown): string {
  if (!leads) return 'stands by';
  const what = partitions === null ? targetWords(targets) : partitionWords(partitions);
  return `${what}, with ${countWords(dynos)} ${dynos === 1 ? 'dyno' : 'dynos'}`;
}

const TARGETS_NAMED = 2;

function targetWords(targets: readonly string[]): string {
  if (targets.length === 0) return 'no targets';
  const more = targets.length - TARGETS_NAMED;
  return targets.slice(0, TARGETS_NAMED).join(', ') + (more > 0 ? ` and ${numberOf(more, 'more target')}` : '');
}

/** Stretches of partitions that are named: they may be scattered. */
const MAX_SPANS = 6;

/** `partitions 0 to 3 and 7`; of scattered ones `40 partitions: 0, 3, 6, 9, 12, 15 and others`. */
function partitionWords(partitions: readonly number[]): string {
  if (partitions.length === 0) return 'no partitions';
  const spans: { readonly from: number; to: number }[] = [];
  for (const partition of partitions.toSorted((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && last.to === partition - 1) last.to = partition;
    else spans.push({ from: partition, to: partition });
  }
  const words = spans.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  if (words.length > MAX_SPANS)
    return `${numberOf(partitions.length, 'partition')}: ${words.slice(0, MAX_SPANS).join(', ')} and others`;
  const last = words.pop();
  const listed = words.length === 0 ? last : `${words.join(', ')} and ${last}`;
  return `${partitions.length === 1 ? 'partition' : 'partitions'} ${listed}`;
}

/** Of a dyno that another actuator holds: by whom, and how old its numbers are. Null of all others. */
export function heldWords({ held_by, last_point_ms }: Pick<LiveDyno, 'held_by' | 'last_point_ms'>, nowMs: number) {
  return held_by === null ? null : `Held by ${held_by}, saved ${agoWords(last_point_ms, nowMs)}.`;
}
