import { describe, expect, it } from 'vitest';
import { BodyBytes } from '../../src/access/body-bytes.ts';

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

function inPieces(whole: Uint8Array, pieceBytes: number): BodyBytes {
  const body = new BodyBytes();
  for (let at = 0; at < whole.length; at += pieceBytes) body.add(whole.slice(at, at + pieceBytes));
  return body;
}

describe('the bytes of a body', () => {
  it.each([1, 3, 1000, 65_536, 200_000])('are the same in pieces of %i', (pieceBytes) => {
    const whole = bytesOf(150_000);
    expect(Buffer.compare(inPieces(whole, pieceBytes).all(), whole)).toBe(0);
  });

  it('of no piece, and of empty ones, are none', () => {
    expect(new BodyBytes().all()).toHaveLength(0);
    const body = new BodyBytes();
    for (const piece of [bytesOf(0), bytesOf(5), bytesOf(0), bytesOf(5)]) body.add(piece);
    expect([...body.all()]).toEqual([...bytesOf(5), ...bytesOf(5)]);
  });

  it('of one piece are that piece, not a copy', () => {
    const piece = bytesOf(70_000);
    const body = new BodyBytes();
    body.add(piece);
    expect(body.all().buffer).toBe(piece.buffer);
    body.add(bytesOf(1));
    expect([...piece.subarray(0, 3)]).toEqual([0, 1, 2]);
  });

  it.each([2_000, 100_000])('take at most twice their length: %i bytes, one at a time', (length) => {
    expect(inPieces(bytesOf(length), 1).all().buffer.byteLength).toBeLessThanOrEqual(2 * length);
  });
});
