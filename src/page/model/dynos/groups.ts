import type { Group, Status, TargetState } from '../../../web/schema/status.ts';
import { numberOf, sizeWords } from '../words/sizes.ts';
import { type DynoView, groupKey } from './dyno-view.ts';
import type { Compare } from './order.ts';

/** The dynos of one process type of one app. */
export interface GroupView {
  readonly key: string;
  readonly app: string | null;
  readonly processType: string;
  /** In the order of the list; empty while the group is folded. */
  readonly shown: readonly DynoView[];
  readonly count: number;
  readonly isFolded: boolean;
  readonly severity: number;
  /** `2 dynos, all healthy`, `4 dynos, 2 to look at`. */
  readonly summary: string;
  /** What its dynos have in common: size, what a job holds, allocator. */
  readonly facts: readonly string[];
  /** Set where its dynos run more than one release. */
  readonly releases: string | null;
  /** Null where it is not on the allow-list. */
  readonly target: TargetState | null;
}

/** With so few dynos all are shown: a fleet that is well is then a screen of curves, not of headings. */
export const FOLD_FROM_DYNOS = 12;

/** A tone from which a group never folds by itself. */
const TROUBLE_SEVERITY = 2;

export interface GroupingInput {
  readonly views: readonly DynoView[];
  readonly status: Status | null;
  readonly compare: Compare;
  /** What the reader folded (true) or opened (false), by group; others follow the rule. */
  readonly folds: ReadonlyMap<string, boolean>;
  /** While a filter is set every match is shown. */
  readonly isFiltered: boolean;
}

/** Groups with their dynos. The group with the worst dyno comes first. */
export function groupsOf({ views, status, compare, folds, isFiltered }: GroupingInput): readonly GroupView[] {
  const byKey = Map.groupBy(views, ({ dyno }) => groupKey(dyno));
  const facts = new Map((status?.groups ?? []).map((group) => [groupKey(group), group]));
  const targets = new Map((status?.targets ?? []).map((target) => [target.target, target]));
  const groups = [...byKey].map(([key, members]) => {
    const severity = Math.max(...members.map((member) => member.severity));
    const isWell = severity < TROUBLE_SEVERITY;
    const isFolded = !isFiltered && (folds.get(key) ?? (isWell && views.length >= FOLD_FROM_DYNOS));
    const { app, process_type } = (members[0] as DynoView).dyno;
    const group = facts.get(key) ?? null;
    return {
      key,
      app,
      processType: process_type,
      shown: isFolded ? [] : [...members].sort(compare),
      count: members.length,
      isFolded,
      severity,
      summary: summaryOf(members),
      facts: group === null ? [] : factsOf(group),
      releases: group === null || group.releases.length < 2 ? null : group.releases.join(', '),
      target: targets.get(key) ?? null,
    };
  });
  return groups.sort((a, b) => b.severity - a.severity || (a.key < b.key ? -1 : 1));
}

function summaryOf(members: readonly DynoView[]): string {
  const here = members.filter(({ dyno }) => dyno.goneAtMs === null);
  const count = numberOf(here.length, 'dyno');
  const acting = here.filter(({ tone }) => tone === 'act').length;
  const watched = here.filter(({ tone }) => tone === 'watch').length;
  const silent = here.filter(({ dyno }) => dyno.is_stale).length;
  const parts = [
    acting === 0 ? null : `${acting} to act on`,
    watched === 0 ? null : `${watched} to watch`,
    silent === 0 ? null : `${silent} silent`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? `${count}, all well` : `${count}, ${parts.join(', ')}`;
}

function factsOf(group: Group): readonly string[] {
  const jobs = group.active_jobs === null ? null : numberOf(group.active_jobs, 'job');
  const perJob = group.bytes_per_job === null ? null : `${sizeWords(group.bytes_per_job)} per job`;
  const arena = group.malloc_arena_max === null ? '' : `, MALLOC_ARENA_MAX ${group.malloc_arena_max}`;
  return [
    group.limit_bytes === null ? null : `${sizeWords(group.limit_bytes)} each`,
    perJob === null ? jobs : `${perJob}${jobs === null ? '' : ` × ${jobs}`}`,
    group.allocator === null ? null : `${group.allocator}${arena}`,
  ].filter((fact) => fact !== null);
}
