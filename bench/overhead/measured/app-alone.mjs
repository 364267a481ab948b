/** An application with a provider of its own and one gauge on it: what `tidemark-on-app.mjs` is without Tidemark. */
import { registerAppProvider } from './app-provider.mjs';

export function setUp() {
  const provider = registerAppProvider();
  const gauge = provider.getMeter('app').createObservableGauge('app.up');
  gauge.addCallback((result) => result.observe(1));
  return { flush: () => provider.forceFlush() };
}
