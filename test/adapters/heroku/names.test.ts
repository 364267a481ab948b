import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dynoPath } from '../../../src/adapters/heroku/names.ts';
import { BadInputError } from '../../../src/model/errors.ts';

const nearName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'aw.1-_/ %2?#\\\n\0') }),
  fc.tuple(fc.stringMatching(/^[a-z]+\.\d+$/), fc.string()).map((parts) => parts.join('')),
);

test('whatever the names, the path is that of exactly one dyno, or there is none', () => {
  fc.assert(
    fc.property(nearName, nearName, (app, dyno) => {
      const path = pathOf(app, dyno);
      if (path === null) return;
      expect(new URL(path, 'https://api.heroku.com').pathname).toBe(path);
      const parts = path.split('/');
      expect(parts).toHaveLength(5);
      expect(parts.every((part, index) => index === 0 || part !== '')).toBe(true);
      expect(parts[4]).toMatch(/[.-]\w+$/);
    }),
    { numRuns: 2000 },
  );
});

function pathOf(app: string, dyno: string): string | null {
  try {
    return dynoPath(app, dyno);
  } catch (error) {
    expect(error).toBeInstanceOf(BadInputError);
    return null;
  }
}
