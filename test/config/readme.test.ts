import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withTables } from '../../scripts/readme-tables.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('carries the tables that the code generates; "npm run tables" writes them', () => {
    expect(readme).toBe(withTables(readme));
  });
});
