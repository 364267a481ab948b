import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { BodiesInFlight } from '../../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../src/sources/decode-queue.ts';
import { receive } from '../../src/sources/ingest-door.ts';
import { BODY_LIMITS, DECODE_LIMITS, FLIGHT_LIMITS, oldSpaceBytes } from '../../src/sources/limits.ts';

const MIB = 1024 ** 2;
const door = {
  ready: () => true,
  inFlight: new BodiesInFlight(FLIGHT_LIMITS),
  queue: new DecodeQueue(DECODE_LIMITS),
  senderId: 'one',
  ...BODY_LIMITS,
};

function post(body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://actuator/', { method: 'POST', body, headers });
}

it.each([100, 70_000, 5 * MIB])('frees %i bytes of decompressed text as soon as they were taken', async (length) => {
  let taken: Buffer | undefined;
  const body = gzipSync(Buffer.alloc(length, 'x'.repeat(1000) + Math.random()), { level: 1 });
  const answer = await receive(post(body, { 'content-encoding': 'gzip' }), door, (bytes) => {
    taken = bytes;
    return bytes.length;
  });
  expect(answer).toBe(length);
  expect(taken?.length).toBe(0);
});

it('leaves memory alone that lies next to a body that came as it is', async () => {
  let taken: Buffer | undefined;
  const answer = await receive(post(new TextEncoder().encode('plain')), door, (bytes) => {
    taken = bytes;
    return 'taken';
  });
  expect(answer).toBe('taken');
  expect(taken?.toString()).toBe('plain');
});

it.each<[string, readonly string[], number]>([
  ['192 MiB by default', [], 256],
  ['24 MiB as the actuator is started', ['--max-semi-space-size=8'], 424],
  ['48 MiB by a flag of 16', ['--max-semi-space-size=16'], 400],
  ['by the last flag', ['--max-semi-space-size=16', '--max_semi_space_size=32'], 352],
  ['not by what is no number', ['--max-semi-space-size=x'], 256],
])('the young generation is %s', (_what, flags, oldMib) => {
  expect(oldSpaceBytes(448 * MIB, flags) / MIB).toBe(oldMib);
});
