import type { Attempt, Outcome } from '../../attempt/attempt.ts';
import { gaveNothingBack } from '../../attempt/breaker.ts';
import type { Decision } from '../../model/decision.ts';
import { formatBytes, formatDuration, formatShare } from '../../model/format.ts';
import type { ActuatorEvent } from '../../ports.ts';

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
 */
export function messageOf(event: ActuatorEvent): Message | null {
  switch (event.type) {
    case 'attempt':
      return event.attempt.outcome === null ? null : ofAttempt(event.attempt, event.attempt.outcome);
    case 'decision':
      return isAdvice(event.decision) ? ofAdvice(event.decision) : null;
    case 'reclaimed':
      return ofReclaimed(event);
    case 'breaker':
      return ofBreaker(event);
  }
}

/** An open breaker has an event of its own, once per target and not once per dyno. */
function isAdvice({ action, reason }: Decision): boolean {
  return action === 'advise' && reason !== 'breaker-open';
}

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  restarted: 'was restarted',
  'already-gone': 'was gone before Tidemark could restart it',
  refused: 'was not restarted: the platform refused',
  unconfirmed: 'may have been restarted: no new boot was seen',
  'drain-timeout': 'was not restarted: its jobs did not finish in time',
  abandoned: 'was not restarted: Tidemark gave up the attempt',
  'dry-run': 'would have been restarted (dry run)',
};

const AS_IT_SHOULD: ReadonlySet<Outcome> = new Set(['restarted', 'already-gone', 'dry-run']);

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
    ],
  };
}

function ofAdvice(decision: Decision): Message {
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
