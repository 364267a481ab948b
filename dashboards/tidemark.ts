import * as common from '@grafana/grafana-foundation-sdk/common';
import { GraphDrawStyle, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import * as queries from './queries.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills in its own variable
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const HALF = 12;
const THIRD = 8;
const FULL = 24;
const COLOURS: Readonly<Record<(typeof queries.CLASSES)[number], string>> = {
  unknown: 'dark-blue',
  warming: 'light-blue',
  healthy: 'green',
  spike: 'yellow',
  sawtooth: 'super-light-yellow',
  bloat: 'orange',
  leak: 'red',
};

interface Line {
  readonly expr: string;
  readonly legend: string;
}

interface Words {
  readonly title: string;
  /** What it shows, what to look for, and what to do then. */
  readonly description: string;
  readonly unit: string;
}

/**
 * The dashboard of every Tidemark: each dyno against its limit, what was restarted and why, and which jobs make memory
 * grow.
 */
export function tidemarkDashboard(): Dashboard {
  const builder = new DashboardBuilder('Tidemark: memory of BullMQ workers')
    .uid('tidemark')
    .description(
      'Each dyno against its limit, what was restarted and what that gave back, and which job names make memory grow.',
    )
    .tags(['tidemark', 'bullmq', 'heroku'])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .variables(variables())
    .annotation(
      new AnnotationQueryBuilder()
        .name('Restarts')
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor('purple')
        .expr(queries.RESTART_EVENTS)
        .step('30s')
        .titleFormat('{{dyno}}: {{tidemark_outcome}}')
        .textFormat('{{app}}')
        .tagKeys('app,dyno,tidemark_outcome'),
    );
  dynoPanels(builder);
  restartPanels(builder);
  jobPanels(builder);
  compositionPanels(builder);
  return builder.build();
}

function variables() {
  const choice = (name: string, label: string, query: string) =>
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(DATASOURCE)
      .query({ query, refId: name })
      .definition(query)
      .multi(true)
      .includeAll(true)
      .allValue('.*')
      .current({ text: 'All', value: '$__all' })
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc);
  return [
    new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    choice('app', 'App', queries.APPS),
    choice('process_type', 'Process type', queries.PROCESS_TYPES),
    choice('dyno', 'Dyno', queries.DYNOS),
  ];
}

function dynoPanels(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Dynos'))
    .withPanel(
      lines(
        {
          title: 'Memory of each dyno, and its limit',
          description:
            'RSS + swap of all processes of a dyno, pages that they share counted once; a line for each boot. Stairs that end on a high plateau are bloat: a restart brings them down. A steady slope is a leak. Marks are restarts. The line of a boot that has ended goes on flat for two minutes.',
          unit: 'bytes',
        },
        [
          { expr: queries.DYNO_USAGE, legend: '{{app}} {{dyno}}' },
          { expr: queries.DYNO_LIMIT, legend: 'limit of {{app}} {{dyno}}' },
        ],
      )
        .span(FULL)
        .height(10)
        .min(0)
        .overrideByRegexp('/^limit of/', [
          { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
          { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
          { id: 'custom.fillOpacity', value: 0 },
        ]),
    )
    .withPanel(
      classTimeline({
        title: 'Class of each dyno',
        description:
          'What the detector calls the curve. Bloat and leaks are restarted when a restart would help; spikes and saw-teeth come back by themselves. Often "unknown": the limit is not known, or there are too few points.',
        unit: 'none',
      }),
    )
    .withPanel(
      lines(
        {
          title: 'Time until the floor reaches the limit',
          description:
            'At the present slope. A dyno whose floor does not rise has no line. Shorter than the leak horizon (30 windows) and a leak is restarted; shorter than your deploys are apart and the leak is worth looking for in the jobs below.',
          unit: 's',
        },
        [{ expr: queries.TIME_TO_LIMIT, legend: '{{app}} {{dyno}}' }],
      )
        .span(HALF)
        .min(0),
    )
    .withPanel(
      lines(
        {
          title: 'Share of the limit in use',
          description:
            'From 100 % on Heroku logs R14 and the dyno swaps. The soft limit is 80 % by default: bloat that stays over it is restarted. Flat and high with class healthy is a working set that needs a bigger dyno or less concurrency.',
          unit: 'percentunit',
        },
        [{ expr: queries.DYNO_USAGE_FRACTION, legend: '{{app}} {{dyno}}' }],
      )
        .span(HALF)
        .min(0),
    )
    .withPanel(
      new StatPanel()
        .datasource(DATASOURCE)
        .title('Boots that send points')
        .description(
          'As the actuator counts them. Fewer than dynos run: some worker does not send, or its points arrive too late to be used.',
        )
        .unit('none')
        .span(HALF)
        .withTarget(target({ expr: queries.BOOTS_ACTIVE, legend: 'boots' }).refId('A')),
    );
}

function restartPanels(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Restarts and decisions'))
    .withPanel(
      table(
        {
          title: 'Restarts in this time range',
          description:
            'Attempts that are over, by how they ended. Anything but "restarted" and "dry-run" is worth a look at the log: refused and unconfirmed ones open the breaker of their target.',
          unit: 'none',
        },
        { expr: queries.RESTARTS_IN_RANGE, legend: '' },
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Memory given back by a restart, on average',
          description:
            'Usage before, less the floor of the new boot after its warm-up, of restarts since the actuator started. Near zero: restarts do not help there. Tidemark stops after two such and advises a bigger dyno or less concurrency.',
          unit: 'bytes',
        },
        { expr: queries.RECLAIMED, legend: '' },
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Duration of a restart, on average',
          description:
            'From the claim to the end, the drain included. Near the grace time: jobs are longer than it, and drains time out.',
          unit: 's',
        },
        { expr: queries.RESTART_DURATION, legend: '' },
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Decisions in this time range',
          description:
            'One for each change of class, action or reason of a dyno. The reason says why nothing was done, or why it was advice: each is explained with its numbers at /api/decisions.',
          unit: 'none',
        },
        { expr: queries.DECISIONS, legend: '' },
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Data points that the actuator received',
          description:
            'By what became of them. "accepted" and "ignored" are normal. "too-old": a backlog is being delivered, nothing is decided on it. "wrong-app": a token is used for an app that it is not for. "no-dyno": an SDK without the Heroku detector.',
          unit: 'cps',
        },
        [{ expr: queries.INGEST, legend: '{{tidemark_result}}' }],
      ).span(HALF),
    );
}

function jobPanels(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Which jobs make memory grow'))
    .withPanel(
      table(
        {
          title: 'Growth by job name in this time range',
          description:
            'Signed sum of the RSS change while jobs of the name ran, over all processes of the range, also those that have ended: each starts at 0. The name at the top is where to look. "_idle" is change while no job ran. Where jobs overlap the figures are estimates.',
          unit: 'bytes',
        },
        { expr: queries.NET_IN_RANGE, legend: '' },
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Growth by job name, of the processes that run now',
          description:
            'The same sum as it went on. A line that climbs step by step is the job that bloats; one that only climbs is the job that leaks.',
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
            'Of jobs that added any. Big figures that are given back (beside) are peaks: they cost headroom, not memory.',
          unit: 'bytes',
        },
        [{ expr: queries.JOB_GROWTH, legend: '{{bullmq_job_name}}' }],
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'RSS that is given back over one job (95th percentile)',
          description:
            'Of jobs over which any was given back. A name that adds much and gives back little is what makes the floor rise.',
          unit: 'bytes',
        },
        [{ expr: queries.JOB_RECLAIMED, legend: '{{bullmq_job_name}}' }],
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Jobs per second',
          description: 'By name and outcome. A memory curve that follows this one is load, not a leak.',
          unit: 'ops',
        },
        [{ expr: queries.JOB_RATE, legend: '{{bullmq_job_name}} {{bullmq_job_outcome}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'Jobs running',
          description: 'By dyno and queue. Restarts wait for a moment without any, as long as their grace allows.',
          unit: 'none',
        },
        [{ expr: queries.JOBS_ACTIVE, legend: '{{dyno}} {{messaging_destination_name}}' }],
      ).span(THIRD),
    )
    .withPanel(
      lines(
        {
          title: 'Duration of a job (95th percentile)',
          description: 'Longer than the grace time (120 s by default): a drain cannot wait for such a job to end.',
          unit: 's',
        },
        [{ expr: queries.JOB_DURATION, legend: '{{bullmq_job_name}}' }],
      ).span(THIRD),
    );
}

function compositionPanels(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('What the memory is'))
    .withPanel(
      lines(
        {
          title: 'Memory of the chosen processes, by what holds it',
          description:
            'If the used heap grows, JavaScript holds on to objects: take a heap snapshot. If external memory grows, Buffers do. If only the rest grows, the allocator keeps what it once needed: bloat, which a restart gives back, and jemalloc or MALLOC_ARENA_MAX=2 sometimes lessen.',
          unit: 'bytes',
        },
        [
          { expr: queries.HEAP_USED, legend: 'V8 heap, used' },
          { expr: queries.HEAP_FREE, legend: 'V8 heap, free' },
          { expr: queries.EXTERNAL, legend: 'external (Buffers and the like)' },
          { expr: queries.THE_REST, legend: 'the rest: allocator, code, stacks' },
        ],
      )
        .span(HALF)
        .min(0)
        .fillOpacity(40)
        .stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal)),
    )
    .withPanel(
      table(
        {
          title: 'Sandboxed children that ended under a job',
          description:
            '"memory": V8 ran out of heap, raise --max-old-space-size or make the job smaller. "signal": killed, often by the kernel for want of memory. "code": the processor ended its process.',
          unit: 'none',
        },
        { expr: queries.SANDBOX_EXITS, legend: '' },
      ).span(HALF),
    );
}

function lines({ title, description, unit }: Words, shown: readonly Line[]): TimeSeries {
  return new TimeSeries()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(5)
    .targets(shown.map((line, index) => target(line).refId('ABCD'.charAt(index))));
}

function table({ title, description, unit }: Words, line: Line): TablePanel {
  return new TablePanel()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .withTarget(target(line).refId('A').instant().format(PromQueryFormat.Table))
    .transformations([{ id: 'organize', options: { excludeByName: { Time: true } } }])
    .sortBy([new common.TableSortByFieldStateBuilder().displayName('Value').desc(true)]);
}

function classTimeline({ title, description, unit }: Words): StateTimeline {
  const options = Object.fromEntries(
    queries.CLASSES.map((name, index) => [String(index), { text: name, color: COLOURS[name], index }]),
  );
  return new StateTimeline()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .span(HALF)
    .mappings([{ type: MappingType.ValueToText, options }])
    .withTarget(target({ expr: queries.DYNO_CLASS, legend: '{{app}} {{dyno}}' }).refId('A'));
}

function target({ expr, legend }: Line): DataqueryBuilder {
  return new DataqueryBuilder().expr(expr).legendFormat(legend);
}
