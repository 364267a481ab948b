import type { Outcome } from '../../../attempt/attempt.ts';
import type { Step } from '../../../attempt/attempt-step.ts';
import type { RestartAnswer } from '../../../ports.ts';

export function closing(outcome: Outcome, evidence: string): Step {
  return { do: 'move', move: { to: 'closed', outcome, evidence } };
}

const DENIALS = {
  'ledger-hold': 'Redis lost the ledger after the claim',
  cooldown: 'Redis had lost an earlier restart at the claim, and its cooldown is not over',
  budget: 'Redis had lost earlier restarts at the claim, and the budget of the hour is used up',
  paused: 'a person paused restarts before it was sent',
  'breaker-open': 'the breaker opened before it was sent',
  'boot-spent': 'a restart of this boot was sent before',
};

export function abandonedBecause(why: keyof typeof DENIALS): Step {
  return closing('abandoned', DENIALS[why]);
}

/** Adds an unclear answer to the DELETE to the evidence. */
export function withAnswer(step: Step, said: RestartAnswer | undefined): Step {
  if (step.do === 'wait' || step.move.to !== 'closed') return step;
  if (said?.kind !== 'unknown') return step;
  const evidence = `${step.move.evidence}; the request was not answered: ${said.why}`;
  return { do: 'move', move: { ...step.move, evidence } };
}
