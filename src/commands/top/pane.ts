import { outcomeOf } from '../../page/model/attempt-view.ts';
import { type JobView, jobName, jobViewsOf, stayedBytes } from '../../page/model/jobs-view.ts';
import { clockWords } from '../../page/model/words/times.ts';
import type { Attempt } from '../../web/schema/attempt.ts';
import type { TargetJobs } from '../../web/schema/jobs.ts';
import type { Model } from './model.ts';
import { type Line, lineOf, padTo, span } from './text.ts';

/** What stands below the dynos: at most `rows` lines with their title. */
export function paneLines(model: Model, columns: number, rows: number, nowMs: number): readonly Line[] {
  const { targets = [], attempts = [] } = model.answers ?? {};
  if (rows < 2) return [];
  return model.pane === 'jobs' ? jobLines(targets, columns, rows) : attemptLines(attempts, columns, rows, nowMs);
}

/** What may have stayed of what the job took: where a target gave everything back, none of its jobs comes first. */
function rankOf({ view, target }: { readonly view: JobView; readonly target: TargetJobs }): number {
  return Math.min(view.job.net_bytes, stayedBytes(target));
}

/** The job names of all targets, by what stayed: the answer to "which job?". */
function jobLines(targets: readonly TargetJobs[], columns: number, rows: number): readonly Line[] {
  const jobs = targets
    .flatMap((target) =>
      jobViewsOf(target)
        .slice(0, rows)
        .map((view) => ({ view, target })),
    )
    .sort((a, b) => rankOf(b) - rankOf(a))
    .slice(0, rows - 1);
  const name = Math.min(40, Math.max(16, columns - 61));
  const cells = (of: string, net: string, run: string, growth: string, runs: string, dyno: string) =>
    `  ${padTo(of, name)} ${padTo(net, 9, 'right')} ${padTo(run, 8, 'right')} ${padTo(growth, 17, 'right')} ` +
    `${padTo(runs, 8, 'right')}  ${dyno}`;
  const head = cells('JOBS THAT GROW MEMORY', 'NET', 'A RUN', 'MEDIAN / WORST', 'RUNS', 'MOST IN');
  const lines = jobs.map(({ view, target }) => {
    const where = view.dyno ?? `${target.app ?? '?'}:${target.process_type}`;
    return lineOf([span(cells(jobName(view.job), view.net, view.heldPerRun, view.growth, view.runs, where))], columns);
  });
  const none = 'no job has been measured yet: workers that import tidemark/register report their jobs';
  return [
    lineOf([span(head, 'quiet')], columns),
    ...(lines.length > 0 ? lines : [lineOf([span(`  ${none}`)], columns)]),
  ];
}

function attemptLines(attempts: readonly Attempt[], columns: number, rows: number, nowMs: number): readonly Line[] {
  const lines = attempts.slice(0, rows - 1).map((attempt) => {
    const { word, tone } = outcomeOf(attempt);
    const when = padTo(clockWords(attempt.claimed_at_ms, nowMs), 13);
    const suspect = attempt.suspects[0] === undefined ? '' : `; suspect: ${jobName(attempt.suspects[0])}`;
    return lineOf(
      [
        span(`  ${when} ${padTo(attempt.dyno, 12)} `),
        span(padTo(word, 17), tone === 'ok' ? null : tone),
        span(` ${attempt.says}${suspect}`),
      ],
      columns,
    );
  });
  const none = lineOf([span('  none yet')], columns);
  return [lineOf([span('  RESTARTS', 'quiet')], columns), ...(lines.length > 0 ? lines : [none])];
}
