import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rulesTable, tuningTable } from '../../scripts/detection-tables.ts';
import { PAGES, pageUrl, withTables } from '../../scripts/readme-tables.ts';
import { RULES } from '../../src/detector/rules/rules.ts';
import { TUNING } from '../../src/detector/tuning.ts';
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

  it('have a row for each rule, in order, with the end of a sentence', () => {
    const rows = rulesTable().rows.slice(0, RULES.length);
    expect(rows.map(([, reason, action]) => [reason, action])).toEqual(
      RULES.map(({ reason, action }) => [`\`${reason}\``, action]),
    );
    for (const row of rows) expect(row.at(-1)).toMatch(/^[a-z\d].*[^.]$/);
  });

  it('have a row for each constant of the detector, with its meaning and its origin', () => {
    const { rows } = tuningTable();
    expect(rows.map(([name]) => name)).toEqual(Object.keys(TUNING).map((name) => `\`${name}\``));
    for (const [name, value, , meaning, origin] of rows) {
      expect(value, name).toMatch(/^[\d., ]+$/);
      expect(meaning, name).not.toBe('');
      expect(origin, name).toMatch(/^(definition|statistics|tuned)\b/);
    }
  });
});
