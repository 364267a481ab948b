import { expect, it } from 'vitest';
import { checkPartitions } from '../../models/partitions/partition-property.ts';

/** `npm run test:model -- --partitions` makes 200. */
const RUNS = 4;

it('several actuators restart each boot once, lose no decision, and take over in time, whatever breaks', async () => {
  const { restarts } = await checkPartitions({ runs: RUNS, seed: 7 });
  expect(restarts).toBeGreaterThan(RUNS);
}, 120_000);
