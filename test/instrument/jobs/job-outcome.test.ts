import { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { expect, it } from 'vitest';
import { outcomeOfError } from '../../../src/instrument/jobs/job-outcome.ts';

const aborted = { aborted: true };
const live = { aborted: false };

it.each([
  ['an error', new Error('no'), live, 'failed'],
  ['no error at all', undefined, undefined, 'failed'],
  ['a string', 'no', undefined, 'failed'],
  ['null', null, undefined, 'failed'],
  ['an inherited property for a name', { name: 'toString' }, undefined, 'failed'],
  ['BullMQ: unrecoverable', new UnrecoverableError(), undefined, 'failed'],
  ['BullMQ: delayed', new DelayedError(), undefined, 'delayed'],
  ['BullMQ: waiting', new WaitingError(), undefined, 'waiting'],
  ['BullMQ: waiting for children', new WaitingChildrenError(), undefined, 'waiting_children'],
  ['BullMQ: rate limited', new RateLimitError(), undefined, 'rate_limited'],
  ['a rate limit by its message alone', new Error('bullmq:rateLimitExceeded'), undefined, 'rate_limited'],
  ['the plain object that a sandbox sends', { name: 'DelayedError', message: 'x' }, undefined, 'delayed'],
  ['any error after the signal has fired', new Error('stopped'), aborted, 'cancelled'],
  ['a move to delayed after the signal has fired', new DelayedError(), aborted, 'delayed'],
  ['an abort that was not the job signal', new DOMException('x', 'AbortError'), live, 'failed'],
] as const)('%s means %4$s', (_what, error, signal, outcome) => {
  expect(outcomeOfError(error, signal)).toBe(outcome);
});
