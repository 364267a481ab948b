import { VirtualClock } from '../virtual-clock.ts';
import { describeLedger } from './ledger-contract.ts';
import { ModelLedger } from './model-ledger.ts';

describeLedger('the model ledger', async (policy) => {
  const clock = new VirtualClock();
  const ledger = new ModelLedger(clock, policy);
  return { ledger, pass: (ms) => clock.pass(ms), empty: async () => ledger.empty(), stop: async () => {} };
});
