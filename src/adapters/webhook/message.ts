import type { Attempt, Outcome } from '../../attempt/attempt.ts';
import { gaveNothingBack } from '../../attempt/breaker.ts';
import type { Decision } from '../../model/decision.ts';
import type { JobShare } from '../../model/job-point.ts';
import { largestSites, type MemoryReport } from '../../model/memory-report.ts';
import { formatBytes, formatDuration, formatShare } from '../../model/text/format.ts';
import type { ActuatorEvent, NoticeEvent, WeeklySummary } from '../../ports.ts';

/** The message to people about an event. */
export interface Message {
  /** `info`: all went well. `attention`: somebody should look. */
  readonly tone: 'info' | 'attention';
  readonly title: string;
  readonly explanation: string;
  readonly numbers: readonly (readonly [name: string, value: string])[];
}

/**
 * Null for events that only the log needs: an attempt's earlier moves, and decisions other than advice (a restart's
 * attempt is reported itself).
 *
 * @param suspects the job names that made the boot of a decision grow; an attempt has its own
 */
export function messageOf(event: NoticeEvent, suspects: readonly JobShare[] = []): Message | null {
  switch (event.type) {
    case 'attempt':
      return event.attempt.outcome === null ? null : ofAttempt(event.attempt, event.attempt.outcome);
    case 'decision':
      return isAdvice(event.decision) ? ofAdvice(event.decision, suspects) : null;
    case 'reclaimed':
      return ofReclaimed(event);
    case 'steering':
      // Whoever did it knows.
      return null;
    case 'breaker':
      return ofBreaker(event);
    case 'summary':
      return ofSummary(event);
  }
}

/** An open breaker has an event of its own, once per target and not once per dyno. */
function isAdvice({ action, reason }: Decision): boolean {
  return action === 'advise' && reason !== 'breaker-open';
}

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  restarted: 'was restarted',
  'already-gone': 'is gone, and no dyno was seen in its place',
  refused: 'was not restarted: the platform refused',
  unconfirmed: 'may have been restarted: no new boot was seen',
  'drain-timeout': 'was not restarted: its jobs did not finish in time',
  abandoned: 'was not restarted: Tidemark gave up the attempt',
  'dry-run': 'would have been restarted (dry run)',
};

const AS_IT_SHOULD: ReadonlySet<Outcome> = new Set(['restarted', 'dry-run']);

function ofAttempt(attempt: Attempt, outcome: Outcome): Message {
  const { target, dyno, reason, by, usageBytes, floorBytes, limitBytes, evidence, sendingAtMs, closedAtMs } = attempt;
  const tookMs = sendingAtMs === null || closedAtMs === null ? null : closedAtMs - attempt.claimedAtMs;
  return {
    tone: AS_IT_SHOULD.has(outcome) ? 'info' : 'attention',
    title: `${target.app} ${dyno} ${OUTCOME_WORDS[outcome]}`,
    explanation:
      evidence === null || outcome === 'restarted' ? attempt.explanation : `${attempt.explanation} ${evidence}`,
    numbers: [
      ['Reason', by === 'person' ? 'a person asked' : reason],
      ...memory({ usageBytes, floorBytes, limitBytes }),
      ...(tookMs === null ? [] : [['Took', formatDuration(tookMs)] as const]),
      ...suspectsOf(attempt.notes?.suspects ?? []),
      ...sitesOf(attempt.memoryReport ?? []),
    ],
  };
}

function ofAdvice(decision: Decision, suspects: readonly JobShare[]): Message {
  const { app, dyno, reason, explanation, reclaimableBytes, timeToLimitMs } = decision;
  return {
    tone: 'attention',
    title: `${app ?? 'unknown app'} ${dyno}: advice`,
    explanation,
    numbers: [
      ['Reason', reason],
      ...memory(decision),
      ...(reclaimableBytes === null ? [] : [['A restart gives back', formatBytes(reclaimableBytes)] as const]),
      ...(timeToLimitMs === null ? [] : [['Limit reached in', formatDuration(timeToLimitMs)] as const]),
      ...suspectsOf(suspects),
    ],
  };
}

/** Uses the breaker's own rule, so that the message agrees with it. */
function ofReclaimed({ target, reclaimedBytes, usageBytes }: Extract<ActuatorEvent, { type: 'reclaimed' }>): Message {
  const gaveBack = !gaveNothingBack(reclaimedBytes, usageBytes);
  return {
    tone: gaveBack ? 'info' : 'attention',
    title: gaveBack
      ? `${target}: the restart gave ${formatBytes(reclaimedBytes)} back`
      : `${target}: the restart gave nothing back`,
    explanation: gaveBack
      ? 'The old boot used that much more than the new one does after its warm-up.'
      : 'After its warm-up the new boot uses about as much as the old one. A second such restart opens the breaker.',
    numbers: [['Given back', formatBytes(Math.max(0, reclaimedBytes))]],
  };
}

function ofBreaker({ target, reason, openForMs }: Extract<ActuatorEvent, { type: 'breaker' }>): Message {
  return {
    tone: 'attention',
    title: `${target}: no more automatic restarts`,
    explanation:
      `The breaker is open: ${reason ?? 'restarts did not help'}. ` +
      `A new release closes it, or \`tidemark resume ${target}\`.`,
    numbers: [['Open for', formatDuration(openForMs)]],
  };
}

const SUSPECTS = 3;

/** The job names that made the dyno grow, the worst first. */
function suspectsOf(suspects: readonly JobShare[]): readonly (readonly [string, string])[] {
  const named = suspects.slice(0, SUSPECTS).map(({ name, netBytes }) => `${name} (+${formatBytes(netBytes)})`);
  return named.length === 0 ? [] : [[named.length === 1 ? 'Suspect job' : 'Suspect jobs', named.join(', ')]];
}

const SITES = 3;

/** The functions that allocated most of what leaked. */
function sitesOf(report: MemoryReport): readonly (readonly [string, string])[] {
  const sites = largestSites(report, SITES).map(
    ({ functionName, place, bytes }) => `${functionName} (${place}): ${formatBytes(bytes)}`,
  );
  return sites.length === 0 ? [] : [['Allocated by', sites.join(', ')]];
}

function ofSummary(summary: WeeklySummary): Message {
  const { restarts, givenBackBytes, useless, dryRestarts, overLimitMs } = summary;
  const over = overLimitMs === 0 ? 'no time' : formatDuration(overLimitMs);
  const dry = dryRestarts === 0 ? '' : ` In dry run ${counted(dryRestarts, 'restart')} would have been made.`;
  return {
    tone: useless > 0 ? 'attention' : 'info',
    title: `The last seven days: ${counted(restarts, 'restart')}, ${formatBytes(givenBackBytes)} given back`,
    explanation: `${useless} useless, ${over} over the quota.${dry}`,
    numbers: [
      ['Restarts', String(restarts)],
      ['Given back', formatBytes(givenBackBytes)],
      ['Useless', String(useless)],
      ['Over the quota', over],
    ],
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Where the page shows what the message is about; null where no public address is set. */
export function linkOf(event: NoticeEvent, publicUrl: string | null): string | null {
  if (publicUrl === null) return null;
  if (event.type === 'attempt') return dynoLink(publicUrl, event.attempt.target.app, event.attempt.dyno);
  if (event.type === 'decision' && event.decision.app !== null)
    return dynoLink(publicUrl, event.decision.app, event.decision.dyno);
  return `${publicUrl}/`;
}

function dynoLink(publicUrl: string, app: string, dyno: string): string {
  return `${publicUrl}/#dyno/${encodeURIComponent(app)}/${encodeURIComponent(dyno)}`;
}

interface Memory {
  readonly usageBytes: number | null;
  readonly floorBytes: number | null;
  readonly limitBytes: number | null;
}

function memory({ usageBytes, floorBytes, limitBytes }: Memory): readonly (readonly [string, string])[] {
  const shown = (bytes: number) =>
    limitBytes === null ? formatBytes(bytes) : `${formatBytes(bytes)} (${formatShare(bytes, limitBytes)})`;
  return [
    ...(usageBytes === null ? [] : [['Memory', shown(usageBytes)] as const]),
    ...(floorBytes === null ? [] : [['Floor', shown(floorBytes)] as const]),
    ...(limitBytes === null ? [] : [['Limit', formatBytes(limitBytes)] as const]),
  ];
}
