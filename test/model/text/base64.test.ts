import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../../src/model/text/base64.ts';

describe('bytes as text', () => {
  it('are what Node makes of them, and come back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(text)).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AA', 'AAA', 'AA=', '=AAA', 'AA==AA==', 'A A=', 'AA-_', 'ÄÖÜß', 'AAAA\n'])('%j is none', (text) => {
    expect(fromBase64(text)).toBeNull();
  });
});
