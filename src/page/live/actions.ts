import { planSentences } from '../model/attempt-view.ts';
import type { LiveDyno } from '../model/dynos/dyno-view.ts';
import { confirm } from '../view/confirm.ts';
import { toast } from '../view/toasts.ts';
import { api } from './api.ts';

/** What a person can change. Each asks first, then says how it went. */

/** @param target null: all targets */
export async function pause(target: string | null, done: () => void): Promise<void> {
  const name = target ?? 'all targets';
  const isSure = await confirm({
    title: `Pause ${name}?`,
    sentences: [
      `Tidemark goes on watching ${name} and restarts nothing.`,
      'A restart that is under way ends as it would.',
      'The pause stays until a person resumes it.',
    ],
    button: 'Pause',
    typed: null,
  });
  if (isSure) await act(() => api.pause(target), `Paused ${name}.`, done);
}

export async function resume(target: string | null, done: () => void): Promise<void> {
  const name = target ?? 'all targets';
  const isSure = await confirm({
    title: `Resume ${name}?`,
    sentences: [`Tidemark may restart dynos of ${name} again, within their budget.`, 'An open breaker is closed.'],
    button: 'Resume',
    typed: null,
  });
  if (isSure) await act(() => api.resume(target), `Resumed ${name}.`, done);
}

/** @param graceMs how long jobs may take to finish; null where it is not known */
export async function restart(dyno: LiveDyno, graceMs: number | null, done: () => void): Promise<void> {
  const { app } = dyno;
  if (app === null) return;
  const isSure = await confirm({
    title: `Restart ${dyno.dyno} of ${app}?`,
    sentences: planSentences({
      dyno: dyno.dyno,
      dryRun: dyno.dry_run,
      graceMs,
      activeJobs: dyno.active_jobs,
      reclaimableBytes: dyno.reclaimable_bytes,
    }),
    button: dyno.dry_run ? 'Try it' : 'Restart',
    typed: dyno.dyno,
  });
  if (isSure) await act(() => api.restart(app, dyno.dyno), `The restart of ${dyno.dyno} has begun.`, done);
}

async function act(run: () => Promise<unknown>, success: string, done: () => void): Promise<void> {
  try {
    await run();
    toast(success);
    done();
  } catch (error) {
    toast(error instanceof Error ? error.message : 'It did not work.', 'act');
  }
}
