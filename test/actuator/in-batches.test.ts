import { expect, it } from 'vitest';
import { inBatches } from '../../src/actuator/in-batches.ts';

it('lets others run between batches whose work waits for nothing', async () => {
  let inTurn = 0;
  let most = 0;
  let isOver = false;
  const nextTurn = () => {
    most = Math.max(most, inTurn);
    inTurn = 0;
    if (!isOver) setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  const done: number[] = [];
  const items = Array.from({ length: 250 }, (_, index) => index);
  await inBatches(items, 100, async (item) => {
    inTurn += 1;
    done.push(item);
  });
  isOver = true;
  expect(done).toEqual(items);
  expect(Math.max(most, inTurn)).toBe(100);
});
