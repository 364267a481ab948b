import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import * as queries from './jobs-queries.ts';
import { HALF, lines, THIRD, table } from './panels.ts';

/** Which job makes memory grow, and what else jobs do. */
export function jobsDashboard(): Dashboard {
  const builder = frame({
    uid: 'tidemark-jobs',
    title: 'Tidemark: jobs',
    description: 'Which job names make memory grow, what jobs hold while they run, how long they take, how they fail.',
    byJob: true,
  });
  growth(builder);
  runs(builder);
  return builder.build();
}

function growth(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Which jobs make memory grow'))
    .withPanel(
      table(
        {
          title: 'Growth by job name in this time range',
          description:
            'Signed share of the RSS change that the jobs of the name made, summed over all processes of the range, ' +
            'also those that have ended: each starts at 0. The name at the top is where to look. "_idle" is change ' +
            'that belongs to no job. Where jobs overlap the figures are estimates.',
          unit: 'bytes',
        },
        queries.NET_IN_RANGE,
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Growth by job name, of the processes that run now',
          description:
            'The same sum as it went on. A line that climbs step by step is the job that bloats; one that only ' +
            'climbs is the job that leaks.',
          unit: 'bytes',
        },
        [{ expr: queries.NET_NOW, legend: '{{bullmq_job_name}}' }],
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'RSS that one job adds (95th percentile)',
          description:
            'Of jobs that added any. Big figures that are given back (next panel) are peaks: they cost headroom, ' +
            'not memory.',
          unit: 'bytes',
        },
        [{ expr: queries.GROWTH, legend: '{{bullmq_job_name}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'RSS that is given back over one job (95th percentile)',
          description:
            'Of jobs over which any was given back. A name that adds much and gives back little is what makes the ' +
            'floor rise.',
          unit: 'bytes',
        },
        [{ expr: queries.RECLAIMED, legend: '{{bullmq_job_name}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'Memory that running jobs hold',
          description:
            'An estimate, by dyno and queue. It comes back when the jobs end, so a restart does not help there: ' +
            'take a bigger dyno or less concurrency.',
          unit: 'bytes',
        },
        [{ expr: queries.HELD, legend: '{{dyno}} {{messaging_destination_name}}' }],
      ).span(THIRD),
    );
}

function runs(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('How jobs run'))
    .withPanel(
      lines(
        {
          title: 'Jobs per second',
          description: 'By name and outcome. A memory curve that follows this one is load, not a leak.',
          unit: 'ops',
        },
        [{ expr: queries.RATE, legend: '{{bullmq_job_name}} {{bullmq_job_outcome}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'Jobs running',
          description: 'By dyno and queue. Restarts wait for a moment without any, as long as their grace allows.',
          unit: 'none',
        },
        [{ expr: queries.ACTIVE, legend: '{{dyno}} {{messaging_destination_name}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'Duration of a job (95th percentile)',
          description: 'Longer than the grace time (120 s by default): a drain cannot wait for such a job to end.',
          unit: 's',
        },
        [{ expr: queries.DURATION, legend: '{{bullmq_job_name}}' }],
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Failed jobs in this time range, by class of error',
          description:
            'Failures that begin when memory is high are often its consequence: timeouts while the dyno swaps, ' +
            'allocations that fail. "_OTHER": the error has no class name.',
          unit: 'none',
        },
        queries.FAILURES,
      ).span(HALF),
    )
    .withPanel(
      table(
        {
          title: 'Sandboxed children that ended under a job',
          description:
            '"memory": V8 ran out of heap, raise --max-old-space-size or make the job smaller. "signal": killed, ' +
            'often by the kernel for want of memory. "code": the processor ended its process.',
          unit: 'none',
        },
        queries.SANDBOX_EXITS,
      ).span(HALF),
    );
}
