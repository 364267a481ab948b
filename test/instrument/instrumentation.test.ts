import { createNoopMeter } from '@opentelemetry/api';
import { Worker } from 'bullmq';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BullMQMemoryInstrumentation } from '../../src/index.ts';
import { memoryProvider } from './memory/memory-reader.ts';

const pristine = { ...methods() };

function methods() {
  const { callProcessJob, close, run } = Worker.prototype as unknown as Record<string, unknown>;
  return { callProcessJob, close, run };
}

let instrumentation: BullMQMemoryInstrumentation | null = null;
afterEach(() => instrumentation?.disable());

const names = async (collect: ReturnType<typeof memoryProvider>['collect']) =>
  (await collect()).map(({ descriptor }) => descriptor.name);

describe('the instrumentation', () => {
  it('starts at once, and restores BullMQ when it is disabled', () => {
    instrumentation = new BullMQMemoryInstrumentation();
    expect(methods().callProcessJob).not.toBe(pristine.callProcessJob);
    instrumentation.disable();
    expect(methods()).toEqual(pristine);
  });

  it('waits if it is asked to', () => {
    instrumentation = new BullMQMemoryInstrumentation({ enabled: false });
    expect(methods()).toEqual(pristine);
    instrumentation.enable();
    expect(methods().close).not.toBe(pristine.close);
  });

  it('patches once, however often it is enabled', () => {
    instrumentation = new BullMQMemoryInstrumentation();
    const once = methods();
    instrumentation.enable();
    expect(methods()).toEqual(once);
  });

  it('reports its configuration with the default that registerInstrumentations looks at', () => {
    instrumentation = new BullMQMemoryInstrumentation({ maxJobNames: 5 });
    expect(instrumentation.getConfig()).toEqual({ enabled: true, maxJobNames: 5 });
  });

  it('emits on the provider that it was given before it could start', async () => {
    Reflect.deleteProperty(globalThis, Symbol.for('tidemark.watch'));
    const { provider, collect } = memoryProvider();
    instrumentation = new BullMQMemoryInstrumentation({ enabled: false });
    instrumentation.setMeterProvider(provider);
    const rss = vi.spyOn(process.memoryUsage, 'rss').mockImplementationOnce(() => {
      throw new Error('EMFILE: too many open files, uv_resident_set_memory');
    });
    // Finds BullMQ loaded, and tries again.
    instrumentation.enable();
    expect(rss.mock.results.at(0)?.type).toBe('throw');
    expect(await names(collect)).toContain('process.memory.usage');
  });

  it('emits on the provider that it is given, also after a noop one, and again after being disabled', async () => {
    instrumentation = new BullMQMemoryInstrumentation();
    instrumentation.setMeterProvider({ getMeter: () => createNoopMeter() });
    const { provider, collect } = memoryProvider();
    instrumentation.setMeterProvider(provider);
    expect(await names(collect)).toContain('process.memory.usage');
    const meter = provider.getMeter('tidemark', instrumentation.instrumentationVersion);
    const [added, removed] = [
      vi.spyOn(meter, 'addBatchObservableCallback'),
      vi.spyOn(meter, 'removeBatchObservableCallback'),
    ];
    instrumentation.disable();
    instrumentation.enable();
    // Whatever is added is what had been removed, callback by callback, with its instruments.
    const instruments = (calls: typeof removed.mock.calls) => calls.map(([, observed]) => observed.length);
    expect(removed).toHaveBeenCalled();
    expect(instruments(added.mock.calls)).toEqual(instruments(removed.mock.calls));
  });
});
