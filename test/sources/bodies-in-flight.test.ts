import { expect, it } from 'vitest';
import { BodiesInFlight } from '../../src/sources/bodies-in-flight.ts';

const LIMITS = { maxBytes: 100, maxBodies: 4, maxSenderFraction: 0.5 };

it('leaves half of the bytes and of the bodies to other senders', () => {
  const bodies = new BodiesInFlight(LIMITS);
  expect(bodies.begin('a', 51)).toBeNull();
  const first = bodies.begin('a', 50);
  expect(bodies.begin('a', 1)).toBeNull();
  expect(bodies.begin('b', 50)).not.toBeNull();
  expect(bodies.begin('c', 1)).toBeNull();
  first?.end();
  expect(bodies.begin('a', 0)).not.toBeNull();
  expect(bodies.begin('a', 0)).not.toBeNull();
  expect(bodies.begin('a', 0)).toBeNull();
});

it('counts what comes without an announced length on its way, and gives all of it back', () => {
  const bodies = new BodiesInFlight(LIMITS);
  const chunked = bodies.begin('a', 0);
  expect(chunked?.grow(40)).toBe(true);
  expect(chunked?.grow(20)).toBe(false);
  expect(bodies.begin('a', 11)).toBeNull();
  chunked?.end();
  expect(bodies.begin('a', 50)).not.toBeNull();
});
