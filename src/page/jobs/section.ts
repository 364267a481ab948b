import type { TargetJobs } from '../../web/schema/jobs.ts';
import type { PageState } from '../live/state.ts';
import { byGrowth, type JobView, jobName, jobViewsOf } from '../model/jobs-view.ts';
import { growthWords, numberOf } from '../model/words/sizes.ts';
import { agoWords } from '../model/words/times.ts';
import { element, keyedList, region, type Shown, setAttribute, setText } from '../view/dom.ts';
import { type Column, createCell, createTable } from '../view/table.ts';

export interface JobsEvents {
  onOpen(key: string): void;
}

const JOB: Column = { name: 'Job' };
const NET: Column = { name: 'Net growth', isNumber: true };
const HELD: Column = { name: 'Held per run', isNumber: true };
const GROWTH: Column = { name: 'Growth, median / worst', isNumber: true };
const RUNS: Column = { name: 'Runs', isNumber: true };
const KNOWN: Column = { name: 'How known' };
const DYNO: Column = { name: 'Most of it in' };

/** Which job: for each target its job names by net growth. */
export function createJobsSection(events: JobsEvents): (state: PageState, nowMs: number) => void {
  const title = element('h2', { id: 'jobs-title', text: 'Jobs that grow memory' });
  const none = element('p', { class: 'nothing' });
  const list = element('div', { class: 'job-targets' });
  region('jobs').append(element('div', { class: 'panel-head' }, title), none, list);
  let nowMs = 0;
  const show = keyedList<TargetJobs>(
    list,
    ({ app, process_type }) => `${app ?? ''}:${process_type}`,
    (target) => createTarget(target, events, () => nowMs),
  );
  return ({ jobs }, now) => {
    nowMs = now;
    none.hidden = jobs !== null && jobs.length > 0;
    setText(none, jobs === null ? 'Loading …' : 'No job has been measured yet. Job names come with the first jobs.');
    show(byGrowth(jobs ?? []));
  };
}

function createTarget(first: TargetJobs, events: JobsEvents, nowMs: () => number): Shown<TargetJobs> {
  const name = `${first.app ?? 'unknown app'} · ${first.process_type}`;
  const since = element('span', { class: 'meta' });
  const table = createTable(`Jobs of ${name}`, [JOB, NET, HELD, GROWTH, RUNS, KNOWN, DYNO]);
  const rest = element('p', { class: 'meta' });
  const heading = element('div', { class: 'job-target-head' }, element('h3', { text: name }), since);
  const node = element('div', { class: 'job-target' }, heading, table.node, rest);
  const show = keyedList<JobView>(
    table.body,
    ({ key }) => key,
    (view) => createJob(view, first.app, events),
  );
  return {
    node,
    update: (target) => {
      setText(since, `counted since ${agoWords(target.since_ms, nowMs())}`);
      setText(rest, restWords(target));
      show(jobViewsOf(target));
    },
  };
}

function restWords({ idle_net_bytes, names_left_out, queues }: TargetJobs): string {
  const idle = idle_net_bytes === null ? null : `${growthWords(idle_net_bytes)} that belongs to no job`;
  const left = names_left_out === 0 ? null : `${numberOf(names_left_out, 'job name')} left out`;
  const running = queues
    .filter(({ active_jobs }) => active_jobs !== null && active_jobs > 0)
    .map(({ queue, active_jobs, held_bytes }) =>
      held_bytes === null
        ? `${queue}: ${active_jobs} running`
        : `${queue}: ${active_jobs} running, hold ${growthWords(held_bytes).replace('+', '')}`,
    );
  return [...running, idle, left].filter((part) => part !== null).join(' · ');
}

function createJob(first: JobView, app: string | null, events: JobsEvents): Shown<JobView> {
  let dyno: string | null = null;
  const bar = element('span', { class: 'bar', attributes: { 'aria-hidden': 'true' } });
  const texts = { net: element('b'), held: span(), growth: span(), runs: span(), known: span() };
  const open = element('button', { class: 'link', attributes: { type: 'button' } });
  open.addEventListener('click', () => {
    if (dyno !== null) events.onOpen(`${app ?? ''}/${dyno}`);
  });
  const name = element('b', { class: 'job-name', text: jobName(first.job) });
  const queue = element('span', { class: 'meta', text: first.job.queue });
  const node = element(
    'div',
    { class: 'table-row', attributes: { role: 'row' } },
    createCell(JOB, name, queue),
    createCell(NET, texts.net, bar),
    createCell(HELD, texts.held),
    createCell(GROWTH, texts.growth),
    createCell(RUNS, texts.runs),
    createCell(KNOWN, texts.known),
    createCell(DYNO, open),
  );
  return {
    node,
    update: (view) => {
      dyno = view.dyno;
      setText(texts.net, view.net);
      bar.style.width = `${Math.round(view.bar * 100)}%`;
      setText(texts.held, view.heldPerRun);
      setText(texts.growth, view.growth);
      setText(texts.runs, view.runs);
      setText(texts.known, view.known);
      open.hidden = dyno === null;
      setText(open, dyno ?? '');
      setAttribute(open, 'aria-label', dyno === null ? null : `Open ${dyno}`);
    },
  };
}

function span(): HTMLSpanElement {
  return element('span');
}
