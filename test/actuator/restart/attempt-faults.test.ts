import { expect, it } from 'vitest';
import { checkAttempts } from '../../models/attempt-property.ts';

it('whatever is lost, late, slept through or killed: one DELETE an attempt, one a boot, within budget, and every attempt ends', async () => {
  const { deletes } = await checkAttempts({ runs: 1_500, seed: 20_261_123 });
  // Else the property would hold for want of anything to look at.
  expect(deletes).toBeGreaterThan(1_000);
}, 120_000);
