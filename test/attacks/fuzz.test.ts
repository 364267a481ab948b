import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';

/** What docs/http.md and the OTLP specification name. */
const DOCUMENTED = [200, 204, 400, 401, 405, 413, 415];

it('answers every mutated request with a documented status, and reads every mutated record or refuses it', async () => {
  const { statuses } = await fuzz({ inputs: 5_000, seed: 20_260_102 });
  const answered = Object.keys(statuses).map(Number);
  expect(answered.filter((status) => !DOCUMENTED.includes(status))).toEqual([]);
  // Both of the common ends are met, so the mutations neither break everything nor nothing.
  expect(statuses[200]).toBeGreaterThan(100);
  expect(statuses[204]).toBeGreaterThan(50);
  expect(statuses[400]).toBeGreaterThan(300);
});
