import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  StackingConfigBuilder,
  StackingMode,
} from '@grafana/grafana-foundation-sdk/common';
import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import * as queries from './fleet-queries.ts';
import { frame } from './frame.ts';
import {
  CLASS_NAMES,
  COLOURED_CELLS,
  columns,
  FULL,
  GAUGE_CELLS,
  HALF,
  LIMIT_STEPS,
  lines,
  THIRD,
  table,
  thresholds,
  timeline,
} from './panels.ts';
import { filledIn } from './selectors.ts';

/** Each dyno against its limit: which is in trouble, since when, and what was done. */
export function fleetDashboard(): Dashboard {
  const builder = frame({
    uid: 'tidemark-fleet',
    title: 'Tidemark: fleet',
    description: 'Each dyno against its limit, its class, the time to its limit, and restarts as marks.',
    byJob: false,
  });
  overview(builder);
  curves(builder);
  composition(builder);
  eachDyno(builder);
  return builder.build();
}

function overview(builder: DashboardBuilder): void {
  builder
    .withPanel(
      columns(
        {
          title: 'Dynos',
          description:
            'A row per dyno; a click on one leads to its jobs. "In use" is orange from 80 % of the limit, where ' +
            'bloat is restarted by default, and red from 100 %, where Heroku logs R14. "Over quota" and "restarts" ' +
            'are of the chosen time range. No time to the limit: the floor does not rise.',
          unit: 'none',
        },
        [
          {
            name: 'In use',
            expr: queries.USAGE_FRACTION,
            unit: 'percentunit',
            cells: { ...GAUGE_CELLS, min: 0, max: 1.2, thresholds: thresholds(LIMIT_STEPS).build() },
          },
          { name: 'Usage', expr: queries.USAGE, unit: 'bytes' },
          { name: 'Limit', expr: queries.LIMIT, unit: 'bytes' },
          { name: 'Class', expr: queries.CLASS, unit: 'none', cells: { ...COLOURED_CELLS, mappings: CLASS_NAMES } },
          { name: 'Time to limit', expr: queries.TIME_TO_LIMIT, unit: 's' },
          { name: 'Over quota', expr: queries.TIME_OVER_QUOTA, unit: 's' },
          { name: 'Jobs running', expr: queries.JOBS_RUNNING, unit: 'none' },
          { name: 'Restarts', expr: queries.RESTARTS_IN_RANGE, unit: 'none' },
        ],
      )
        .span(FULL)
        .height(9)
        .overrideByName('dyno', [{ id: 'links', value: [TO_JOBS] }]),
    )
    .withPanel(
      table(
        {
          title: 'Alerts that fire',
          description:
            'Of the rules in deploy/rules. docs/runbooks.md says of each what it means, what Tidemark does, and ' +
            'what you can do.',
          unit: 'none',
        },
        queries.ALERTS,
      )
        .span(THIRD)
        .noValue('none'),
    )
    .withPanel(
      timeline(
        {
          title: 'Class of each dyno',
          description:
            'What the detector calls the curve. Bloat and leaks are restarted when a restart would help; spikes ' +
            'and sawtooths come back by themselves. Often "unknown": the limit is not known, or there are too few ' +
            'points.',
          unit: 'none',
        },
        { expr: queries.CLASS, legend: '{{app}} {{dyno}}' },
      )
        .mappings([...CLASS_NAMES])
        .span(FULL - THIRD),
    );
}

/** Of the table's column `dyno`. */
const TO_JOBS = {
  title: 'Jobs of this dyno',
  url: [
    `/d/tidemark-jobs?var-app=${filledIn('__data.fields.app')}`,
    `var-dyno=${filledIn('__data.fields.dyno')}`,
    filledIn('__url_time_range'),
  ].join('&'),
};

function curves(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Curves'))
    .withPanel(
      lines(
        {
          title: 'Share of the limit in use',
          description:
            'From 100 % on Heroku logs R14 and the dyno swaps. The soft limit is 80 % by default: bloat that stays ' +
            'over it is restarted. Flat and high with class healthy is a working set that needs a bigger dyno or ' +
            'less concurrency.',
          unit: 'percentunit',
        },
        [{ expr: queries.USAGE_FRACTION, legend: '{{app}} {{dyno}}' }],
      )
        .span(HALF)
        .height(10)
        .min(0)
        .thresholds(thresholds(LIMIT_STEPS))
        .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed)),
    )
    .withPanel(
      lines(
        {
          title: 'Memory of each dyno, and its limit',
          description:
            'RSS + swap of all processes of a dyno, pages that they share counted once; a line for each boot. ' +
            'Stairs that end on a high plateau are bloat: a restart brings them down. A steady slope is a leak. ' +
            'Marks are restarts. The line of a boot that has ended goes on flat for two minutes.',
          unit: 'bytes',
        },
        [
          { expr: queries.USAGE_BY_BOOT, legend: '{{app}} {{dyno}}' },
          { expr: queries.LIMIT, legend: 'limit of {{app}} {{dyno}}' },
        ],
      )
        .span(HALF)
        .height(10)
        .min(0)
        .overrideByRegexp('/^limit of/', DASHED_RED),
    )
    .withPanel(
      lines(
        {
          title: 'Time until the floor reaches the limit',
          description:
            'At the present slope. A dyno whose floor does not rise has no line. Shorter than the leak horizon (30 ' +
            'windows) and a leak is restarted; shorter than your deploys are apart and the leak is worth looking ' +
            'for, on the dashboard Jobs.',
          unit: 's',
        },
        [{ expr: queries.TIME_TO_LIMIT, legend: '{{app}} {{dyno}}' }],
      )
        .span(FULL)
        .min(0),
    );
}

const DASHED_RED = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
  { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
  { id: 'custom.fillOpacity', value: 0 },
];

function composition(builder: DashboardBuilder): void {
  builder.withRow(new RowBuilder('What the memory is')).withPanel(
    lines(
      {
        title: 'Memory of the chosen processes, by what holds it',
        description:
          'If the used heap grows, JavaScript holds on to objects: take a heap snapshot. If external memory grows, ' +
          'Buffers do. If only the rest grows, the allocator keeps what it once needed: bloat, which a restart ' +
          'gives back, and jemalloc or MALLOC_ARENA_MAX=2 sometimes lessen.',
        unit: 'bytes',
      },
      [
        { expr: queries.HEAP_USED, legend: 'V8 heap, used' },
        { expr: queries.HEAP_FREE, legend: 'V8 heap, free' },
        { expr: queries.EXTERNAL, legend: 'external (Buffers and the like)' },
        { expr: queries.THE_REST, legend: 'the rest: allocator, code, stacks' },
      ],
    )
      .span(FULL)
      .min(0)
      .fillOpacity(40)
      .stacking(new StackingConfigBuilder().mode(StackingMode.Normal)),
  );
}

/** Collapsed: Grafana asks for its panels only when somebody opens it, and there are as many as dynos are chosen. */
function eachDyno(builder: DashboardBuilder): void {
  builder.withRow(
    new RowBuilder('Each dyno').collapsed(true).withPanel(
      lines(
        {
          title: '$dyno',
          description: 'Memory of the dyno, its limit, and 80 % of it. Marks are restarts.',
          unit: 'bytes',
        },
        [
          { expr: queries.USAGE_BY_BOOT, legend: '{{app}} {{dyno}}' },
          { expr: queries.LIMIT, legend: 'limit of {{app}} {{dyno}}' },
          { expr: queries.SOFT_LIMIT, legend: '80 % of the limit of {{app}} {{dyno}}' },
        ],
      )
        .repeat('dyno')
        .repeatDirection('h')
        .maxPerRow(3)
        .span(THIRD)
        .min(0)
        .overrideByRegexp('/limit of/', DASHED_RED),
    ),
  );
}
