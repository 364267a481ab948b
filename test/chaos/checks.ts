import type { HistoryEntry } from '../../src/ports.ts';
import type { LogEntry } from '../../src/testbed/dyno-manager/event-log.ts';

/** What a world looked like at its end. */
export interface Evidence {
  readonly log: readonly LogEntry[];
  /** Of DELETE requests, in order. */
  readonly deletedPaths: readonly string[];
  readonly history: readonly HistoryEntry[];
  /** How often each job was done, by id; and the ids of all that were added. */
  readonly done: ReadonlyMap<string, number>;
  readonly added: readonly string[];
  readonly failed: number;
  /** Ids of jobs that a stalled check found active with nobody at work on them. */
  readonly stalled: readonly string[];
  /** How many workers were killed: the jobs that one has in hand stall. */
  readonly kills: number;
  /** Boots that were made to bloat, by the platform's id: nothing else may be restarted. */
  readonly bloatedBoots: ReadonlySet<string>;
}

/** Two workers in a dyno, each with two jobs at a time. */
const JOBS_IN_HAND_MAX = 4;

/** What must hold whatever breaks; a sentence for each thing that does not. */
export function violations(evidence: Evidence): readonly string[] {
  return [
    ...restartedTwice(evidence),
    ...offTheAllowList(evidence.deletedPaths),
    ...notItsBoot(evidence),
    ...overlapping(evidence.history),
    ...jobsAmiss(evidence),
  ];
}

/** A boot may be sent for again only after the platform had provably refused. */
function restartedTwice({ history, log }: Evidence): readonly string[] {
  const sent = history.filter(({ sendingAtMs, outcome }) => sendingAtMs !== null && outcome !== 'refused');
  const requested = log.filter(({ event }) => event === 'restart-requested').map(({ dynoId }) => dynoId ?? '');
  const outcomesOf = (boot: string) => history.filter(({ bootId }) => bootId === boot).map(({ outcome }) => outcome);
  // The dyno manager notes a request that it then refuses, too: each attempt that was refused explains one.
  const isUnexplained = (boot: string) =>
    requested.filter((one) => one === boot).length > 1 + outcomesOf(boot).filter((one) => one === 'refused').length;
  return [
    ...repeated(sent.map(({ bootId }) => bootId)).map((boot) => `boot ${boot} was sent for twice`),
    ...repeated(requested)
      .filter(isUnexplained)
      .map((boot) => `boot ${boot} was restarted twice (${outcomesOf(boot).join(', ')})`),
  ];
}

function offTheAllowList(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !/^\/apps\/shop\/dynos\/worker\.\d+$/.test(path)).map((path) => `DELETE ${path}`);
}

/** A dyno that is restarted for another boot than the one it has. */
function notItsBoot({ log, bloatedBoots }: Evidence): readonly string[] {
  const requested = log.filter(({ event }) => event === 'restart-requested');
  return requested
    .filter(({ dynoId }) => !bloatedBoots.has(dynoId ?? ''))
    .map(({ dyno, dynoId }) => `${dyno} was restarted while it had the healthy boot ${dynoId}`);
}

/** From `sending` to the close, one attempt of a target at a time. */
function overlapping(history: readonly HistoryEntry[]): readonly string[] {
  const sent = history.filter(({ sendingAtMs }) => sendingAtMs !== null).toReversed();
  return sent.flatMap((entry, index) => {
    const before = sent[index - 1];
    return before !== undefined && (entry.sendingAtMs ?? 0) < before.closedAtMs
      ? [`${entry.attemptId} was sent while ${before.attemptId} was on its way`]
      : [];
  });
}

function jobsAmiss({ done, added, failed, stalled, kills }: Evidence): readonly string[] {
  const lost = added.filter((id) => !done.has(id));
  const twice = [...done].filter(([, times]) => times > 1).map(([id]) => id);
  return [
    ...(lost.length > 0 ? [`${lost.length} jobs were lost: ${lost.slice(0, 3).join(', ')}`] : []),
    ...(twice.length > 0 ? [`${twice.length} jobs were done twice: ${twice.slice(0, 3).join(', ')}`] : []),
    ...(stalled.length > kills * JOBS_IN_HAND_MAX
      ? [`${stalled.length} jobs stalled with ${kills} workers killed: ${stalled.slice(0, 3).join(', ')}`]
      : []),
    ...(failed > 0 ? [`${failed} jobs failed`] : []),
  ];
}

function repeated(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}
