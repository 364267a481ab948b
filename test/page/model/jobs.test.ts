import { expect, it } from 'vitest';
import { emptyModel, withAnswers } from '../../../src/commands/top/model.ts';
import { paneLines } from '../../../src/commands/top/pane.ts';
import { byGrowth } from '../../../src/page/model/jobs-view.ts';
import type { TargetJobs } from '../../../src/web/schema/jobs.ts';
import { makeStatus, someJobs } from '../lab/answers.ts';
import { mb, NOW_MS } from '../lab/fleet.ts';

/** Its one job takes more than any other, and gives all of it back once it has ended. */
function peaks(): TargetJobs {
  const [target] = someJobs();
  const [job] = target?.jobs ?? [];
  if (target === undefined || job === undefined) throw new Error('there are no jobs');
  const jobs = [{ ...job, name: 'render-attachment', net_bytes: mb(1700) }];
  return { ...target, process_type: 'mailer', jobs, idle_net_bytes: -mb(1699) };
}

it('jobs whose memory stays come before jobs that gave more back, on the page and in the terminal', () => {
  const targets = [peaks(), ...someJobs()];
  expect(byGrowth(targets)[0]?.process_type).toBe('worker');
  const model = withAnswers(emptyModel(''), { status: makeStatus([]), dynos: [], targets, attempts: [] }, NOW_MS);
  const [, first] = paneLines(model, 120, 6, NOW_MS).map((line) => line.map(({ text }) => text).join(''));
  expect(first).toContain('import-records');
});
