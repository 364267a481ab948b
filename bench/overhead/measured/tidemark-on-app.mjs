/** Tidemark on the meter provider of the application. */
import { BullMQMemoryInstrumentation } from 'tidemark';
import { registerAppProvider } from './app-provider.mjs';

export function setUp() {
  const provider = registerAppProvider();
  new BullMQMemoryInstrumentation().setMeterProvider(provider);
  return { flush: () => provider.forceFlush() };
}
