import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGES, pageUrl, withTables } from '../../scripts/readme-tables.ts';
import { METRICS, WORKER_ATTRIBUTES } from '../../src/emitted.ts';
import { herokuAttributes } from '../../src/instrument/identity/heroku-detector.ts';

describe('the reference pages', () => {
  it.each(Object.keys(PAGES))('carry the tables that the code generates; "npm run tables" writes them: %s', (page) => {
    const text = readFileSync(pageUrl(page), 'utf8');
    expect(text).toBe(withTables(page, text));
  });

  it('explains each attribute that a worker emits', () => {
    const named = (on: string) => WORKER_ATTRIBUTES.filter((one) => one.on === on).map(({ name }) => name);
    const onPoints = METRICS.filter(({ emittedBy }) => emittedBy === 'worker').flatMap(({ attributes }) => attributes);
    expect(named('points').sort()).toEqual([...new Set(onPoints)].sort());
    const onResource = Object.keys(
      herokuAttributes({ DYNO: 'worker.1', MALLOC_ARENA_MAX: '2', HEROKU_APP_NAME: 'shop' }),
    );
    expect(onResource.filter((name) => !named('resource').includes(name))).toEqual([]);
  });
});
