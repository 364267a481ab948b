import { expect, it } from 'vitest';
import { checkAttempts } from '../../../models/attempt-property.ts';

it('sends at most one DELETE per attempt and boot, within budget, and ends every attempt, whatever fails', async () => {
  const { deletes } = await checkAttempts({ runs: 1_500, seed: 20_261_123 });
  // Else the property would hold for want of anything to look at.
  expect(deletes).toBeGreaterThan(1_000);
}, 120_000);
