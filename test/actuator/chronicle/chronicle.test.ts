import { expect, it } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { Chronicle } from '../../../src/actuator/chronicle/chronicle.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

const POLICY = defaultPolicy(60_000);

it('lets requests be answered between the apps of a large fleet', async () => {
  const registry = new BootRegistry(POLICY, Number.MAX_SAFE_INTEGER);
  for (let index = 0; index < 5_000; index++) {
    const boot = { ...WHOLE_POINT.boot, app: `shop-${index % 20}`, dyno: `worker.${index}` };
    registry.accept([{ ...WHOLE_POINT, boot }]);
  }
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await new Chronicle(POLICY.windowMs).note(registry.byApp(), { nowMs: WHOLE_POINT.timeMs, accepted: 0 });
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(4);
});
