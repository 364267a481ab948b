import { type Target, targetKey } from '../../model/target.ts';
import type { ActuatorRecord, Clock } from '../../ports.ts';
import type { ActuatorControl, DecisionRecord } from '../../web/control.ts';
import { compareDynos, type DynosPage, placeOf } from '../../web/show/dyno-order.ts';
import type { AttemptRecord, DynoView, GroupView, Overview } from '../../web/views.ts';
import { actuatorViews } from './actuator-views.ts';
import type { OthersReading } from './other-actuators.ts';

export interface AnswerForAllParts {
  readonly own: () => ActuatorRecord;
  readonly others: () => OthersReading;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * What one actuator answers for all actuators on its Redis: its own boots live, those of the others as they were last
 * saved. A person's commands go through the ledger, which all share.
 */
export function answerForAll(own: ActuatorControl, { own: record, others, clock }: AnswerForAllParts): ActuatorControl {
  const theirs = () => others().control;
  const isTheirs = (target: Target | null) => target !== null && others().holders.has(targetKey(target));
  const targetOf = ({ decision: { app, processType } }: DynoView) => (app === null ? null : { app, processType });
  return {
    ...own,
    *dynosInParts() {
      for (const part of own.dynosInParts()) yield part.filter((view) => !isTheirs(targetOf(view)));
      yield* theirs()?.dynosInParts() ?? [];
    },
    dynosAfter: (place, count) => {
      const rest = theirs()?.dynosAfter(place, count) ?? null;
      return rest === null ? own.dynosAfter(place, count) : merged(own.dynosAfter(place, count, isTheirs), rest, count);
    },
    hasReported: (target) => own.hasReported(target) || theirs()?.hasReported(target) === true,
    dyno: (app, dyno) => {
      const mine = own.dyno(app, dyno);
      const isMine = mine !== null && !isTheirs(targetOf(mine.view));
      return (isMine ? null : theirs()?.dyno(app, dyno)) ?? mine;
    },
    decisions: (count) => {
      const rest = theirs()?.decisions(count) ?? [];
      return unique([...own.decisions(count), ...rest], keyOfDecision)
        .sort((a, b) => b.decision.timeMs - a.decision.timeMs)
        .slice(0, count);
    },
    attempts: async (count) => {
      const rest = (await theirs()?.attempts(count)) ?? [];
      return unique([...(await own.attempts(count)), ...rest], ({ attempt }) => attempt.id)
        .sort(openFirst)
        .slice(0, count);
    },
    attempt: async (id) => (await own.attempt(id)) ?? (await theirs()?.attempt(id)) ?? null,
    jobs: async () => {
      const all = [...(await own.jobs()), ...((await theirs()?.jobs()) ?? [])];
      return unique(all, ({ app, processType }) => `${app ?? ''}:${processType}`);
    },
    standings: () => unique([...own.standings(), ...(theirs()?.standings() ?? [])], ({ target }) => targetKey(target)),
    overview: async () => {
      const actuators = actuatorViews(record(), others().seen, clock.now());
      const rest = (await theirs()?.overview()) ?? null;
      return { ...together(await own.overview(), rest, isTheirs), actuators };
    },
  };
}

/** One page, from a page of its own dynos and a page of the others'. */
function merged(mine: DynosPage, rest: DynosPage, count: number): DynosPage {
  const shown = [...mine.shown, ...rest.shown].sort((a, b) => compareDynos(placeOf(a), placeOf(b)));
  const isEnd = mine.isEnd && rest.isEnd && shown.length <= count;
  return { shown: shown.slice(0, count), total: mine.total + rest.total, isEnd };
}

function keyOfDecision({ decision: { timeMs, app, dyno, bootId } }: DecisionRecord): string {
  return `${timeMs}|${app}|${dyno}|${bootId}`;
}

function openFirst({ attempt: a }: AttemptRecord, { attempt: b }: AttemptRecord): number {
  const isOpen = (phase: typeof a.phase) => phase !== 'closed';
  return Number(isOpen(b.phase)) - Number(isOpen(a.phase)) || b.claimedAtMs - a.claimedAtMs;
}

/** The first of each key: what this actuator knows itself is newer than what was saved. */
function unique<T>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const one of all) if (!byKey.has(keyOf(one))) byKey.set(keyOf(one), one);
  return [...byKey.values()];
}

function together(own: Overview, rest: Overview | null, isTheirs: (target: Target | null) => boolean): Overview {
  if (rest === null) return own;
  const targetOf = ({ app, processType }: GroupView) => (app === null ? null : { app, processType });
  const mine = own.groups.filter((group) => !isTheirs(targetOf(group)));
  const groups = [...mine, ...rest.groups];
  const sum = (read: (group: GroupView) => number) => groups.reduce((total, group) => total + read(group), 0);
  const both = (read: (totals: Overview['totals']) => number) => read(own.totals) + read(rest.totals);
  return {
    ...own,
    groups,
    unreadBoots: rest.unreadBoots,
    scoreboards: new Map([...rest.scoreboards, ...own.scoreboards]),
    totals: {
      dynos: sum(({ dynos }) => dynos),
      overSoftLimit: sum(({ overSoftLimit }) => overSoftLimit),
      overLimit: sum(({ overLimit }) => overLimit),
      stale: sum(({ stale }) => stale),
      restarts24h: both(({ restarts24h }) => restarts24h),
      givenBack24hBytes: both(({ givenBack24hBytes }) => givenBack24hBytes),
      useless24h: both(({ useless24h }) => useless24h),
      overLimit24hMs: both(({ overLimit24hMs }) => overLimit24hMs),
    },
  };
}
