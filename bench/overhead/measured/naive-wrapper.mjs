/**
 * What one writes by hand: RSS before and after every job, and three records, on the meter provider of the application.
 */
import { registerAppProvider } from './app-provider.mjs';

export function setUp() {
  const provider = registerAppProvider();
  const meter = provider.getMeter('naive');
  const duration = meter.createHistogram('naive.job.duration', { unit: 's' });
  const growth = meter.createHistogram('naive.job.memory.growth', { unit: 'By' });
  const net = meter.createUpDownCounter('naive.job.memory.net', { unit: 'By' });

  const wrapped = (processor) => async (job) => {
    const startedAtMs = performance.now();
    const rssBytes = process.memoryUsage.rss();
    let outcome = 'failed';
    try {
      const result = await processor(job);
      outcome = 'completed';
      return result;
    } finally {
      const grownBytes = process.memoryUsage.rss() - rssBytes;
      const attributes = {
        'messaging.system': 'bullmq',
        'messaging.destination.name': job.queueName,
        'bullmq.job.name': job.name,
        'bullmq.job.outcome': outcome,
        'worker.pid': process.pid,
      };
      duration.record((performance.now() - startedAtMs) / 1000, attributes);
      growth.record(Math.max(0, grownBytes), attributes);
      net.add(grownBytes, attributes);
    }
  };
  return { wrapped, flush: () => provider.forceFlush() };
}
