import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BackgroundExporter } from '../../../src/instrument/export/background-exporter.ts';
import { PostError } from '../../../src/instrument/export/otlp/otlp-post.ts';
import { otlpProblem } from '../../../src/instrument/export/otlp/otlp-problem.ts';
import { PATIENCE } from '../../patience.ts';

const METRICS: ResourceMetrics = {
  resource: { attributes: {}, merge: () => METRICS.resource, getRawAttributes: () => [] },
  scopeMetrics: [],
};

afterEach(() => {
  vi.useRealTimers();
});

/** Gives its answers in turn. */
function scripted(...results: { code: number; error?: Error }[]) {
  const sent = vi.fn<PushMetricExporter['export']>((_metrics, done) => done(results.shift() ?? { code: 0 }));
  const exporter: PushMetricExporter = { export: sent, forceFlush: async () => {}, shutdown: async () => {} };
  return { sent, exporter };
}

const unheard = { onArrived: () => {}, onFailed: () => {} };

const failure = (isRetryable: boolean, retryAfterMs: number | null = null) => ({
  code: 1,
  error: new PostError('no', { isRetryable, retryAfterMs }),
});

describe('export in the background', () => {
  it('lets the reader go at once, though the receiver hangs', () => {
    const exporter: PushMetricExporter = { export: () => {}, forceFlush: async () => {}, shutdown: async () => {} };
    const done = vi.fn();
    new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard }).export(METRICS, done);
    expect(done).toHaveBeenCalledWith({ code: 0 });
  });

  it('tries again after what may pass', async () => {
    vi.useFakeTimers();
    const { sent, exporter } = scripted(failure(true), failure(true), { code: 0 });
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard });
    background.export(METRICS, () => {});
    await vi.runAllTimersAsync();
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(3);
  });

  it('waits as long as the receiver asked for', async () => {
    vi.useFakeTimers();
    const { sent, exporter } = scripted(failure(true, 4000), { code: 0 });
    new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard }).export(METRICS, () => {});
    await vi.advanceTimersByTimeAsync(3900);
    expect(sent).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent).toHaveBeenCalledTimes(2);
  });

  it('sends no other export before that: it fails with the same error', async () => {
    vi.useFakeTimers();
    const busy = failure(true, 25_000);
    const { sent, exporter } = scripted(busy, { code: 0 });
    const [onFailed, onArrived] = [vi.fn(), vi.fn()];
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, onFailed, onArrived });
    for (const exports of [1, 1, 1, 2]) {
      background.export(METRICS, () => {});
      await background.forceFlush();
      expect(sent).toHaveBeenCalledTimes(exports);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(onArrived).toHaveBeenCalledTimes(1);
    expect(new Set(onFailed.mock.calls.flat())).toEqual(new Set([busy.error]));
  });

  it('has four exports under way at most: it takes no more, and reports that they are not answered', async () => {
    const answers: (() => void)[] = [];
    const exporter: PushMetricExporter = {
      export: (_metrics, done) => void answers.push(() => done({ code: 0 })),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const onFailed = vi.fn();
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, onArrived: () => {}, onFailed });
    for (const _ of [1, 2, 3, 4]) {
      expect(background.takes()).toBe(true);
      background.export(METRICS, () => {});
    }
    expect(onFailed).not.toHaveBeenCalled();
    expect(background.takes()).toBe(false);
    background.export(METRICS, () => {});
    await background.forceFlush();
    expect(answers).toHaveLength(4);
    const url = new URL('http://collector:4318/v1/metrics');
    const target = { subject: 'my-app worker.1', url, intervalMs: 10_000, env: {} };
    expect(onFailed.mock.calls.map(([error]) => otlpProblem(error, target).kind)).toEqual(['no-answer', 'no-answer']);
    answers[0]?.();
    await vi.waitFor(() => expect(background.takes()).toBe(true), PATIENCE);
  });

  it('takes none while the receiver asked for a pause, and reports why', async () => {
    vi.useFakeTimers();
    const busy = failure(true, 4000);
    const { exporter } = scripted(busy, { code: 0 });
    const onFailed = vi.fn();
    const background = new BackgroundExporter({ exporter, retryForMs: 1000, onArrived: () => {}, onFailed });
    background.export(METRICS, () => {});
    await background.forceFlush();
    onFailed.mockClear();
    expect(background.takes()).toBe(false);
    expect(onFailed.mock.calls).toEqual([[busy.error]]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(background.takes()).toBe(true);
  });

  it('lets go of what keeps the process alive when it gives up, whether or not an export is under way', () => {
    const letGo = vi.fn();
    const background = new BackgroundExporter({ ...scripted(), retryForMs: 10_000, ...unheard, letGo });
    background.giveUp();
    expect(letGo).toHaveBeenCalledTimes(1);
  });

  it('does not try again after a refusal', async () => {
    const { sent, exporter } = scripted(failure(false));
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard });
    background.export(METRICS, () => {});
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(1);
  });

  it('starts no retry later than its time', async () => {
    vi.useFakeTimers();
    const { sent, exporter } = scripted(...Array.from({ length: 50 }, () => failure(true)));
    const background = new BackgroundExporter({ exporter, retryForMs: 3000, ...unheard });
    background.export(METRICS, () => {});
    await vi.advanceTimersByTimeAsync(60_000);
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(3);
  });

  it('reports the first failure in a flush, for the process may end before the last retry', async () => {
    vi.useFakeTimers();
    const { exporter } = scripted(failure(true), failure(true), { code: 0 });
    const onFailed = vi.fn();
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard, onFailed });
    background.export(METRICS, () => {});
    const flushed = background.forceFlush();
    await vi.advanceTimersByTimeAsync(1);
    expect(onFailed).toHaveBeenCalledTimes(1);
    await vi.runAllTimersAsync();
    await flushed;
  });

  it('reports a receiver that never answered, once the flush is given up', async () => {
    const exporter: PushMetricExporter = { export: () => {}, forceFlush: async () => {}, shutdown: async () => {} };
    const onFailed = vi.fn();
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard, onFailed });
    background.export(METRICS, () => {});
    background.giveUp();
    expect(onFailed).not.toHaveBeenCalled();
    void background.forceFlush();
    background.giveUp();
    background.giveUp();
    expect(onFailed).toHaveBeenCalledExactlyOnceWith(expect.any(PostError));
  });

  it('reports nothing of a receiver that has answered before', async () => {
    const { exporter } = scripted({ code: 0 });
    const onFailed = vi.fn();
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000, ...unheard, onFailed });
    background.export(METRICS, () => {});
    await background.forceFlush();
    background.export(METRICS, () => {});
    void background.forceFlush();
    background.giveUp();
    expect(onFailed).not.toHaveBeenCalled();
  });
});
