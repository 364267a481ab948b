import { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { expect, it } from 'vitest';
import { rejectionOf } from '../../../src/instrument/jobs/job-outcome.ts';

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
  const ending = rejectionOf(error, signal);
  expect(ending.outcome).toBe(outcome);
  expect(ending.errorType === null).toBe(outcome !== 'failed');
});

class PaymentError extends Error {}

it.each([
  ['the class of an error', new TypeError('x'), 'TypeError'],
  ['a class that does not set its name', new PaymentError('x'), 'PaymentError'],
  ['the name that a class sets', new UnrecoverableError('x'), 'UnrecoverableError'],
  ['a DOMException, by its name', new DOMException('x', 'AbortError'), 'AbortError'],
  ['the plain object that a sandbox sends', { name: 'PaymentError', message: 'x' }, 'PaymentError'],
  ['a plain error', new Error('card 4111 refused'), 'Error'],
  ['data in the place of a name', Object.assign(new Error('x'), { name: 'card 4111 refused' }), '_OTHER'],
  ['a name without end', Object.assign(new Error('x'), { name: 'E'.repeat(81) }), '_OTHER'],
  ['a string', 'no', '_OTHER'],
  ['null', null, '_OTHER'],
  ['an object without a name', { message: 'x' }, '_OTHER'],
] as const)('a failure is typed by %s', (_what, error, type) => {
  expect(rejectionOf(error)).toEqual({ outcome: 'failed', errorType: type });
});
