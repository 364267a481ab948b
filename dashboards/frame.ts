import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { RESTART_EVENTS } from './fleet-queries.ts';
import { DATASOURCE } from './panels.ts';
import { APPS, DYNOS, JOBS, PROCESS_TYPES, QUEUES } from './selectors.ts';

const TAG = 'tidemark';

interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Whether queue and job can be chosen too. */
  readonly byJob: boolean;
}

/**
 * A dashboard without panels: what can be chosen, links to the other two that keep the choice, and restarts as marks.
 */
export function frame({ uid, title, description, byJob }: Frame): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG, 'bullmq', 'heroku'])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .variables([
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
      choice('app', 'App', APPS),
      choice('process_type', 'Process type', PROCESS_TYPES),
      choice('dyno', 'Dyno', DYNOS),
      ...(byJob ? [choice('queue', 'Queue', QUEUES), choice('job', 'Job', JOBS)] : []),
    ])
    .links([
      new DashboardLinkBuilder('Tidemark')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    ])
    .annotation(
      new AnnotationQueryBuilder()
        .name('Restarts')
        .datasource(DATASOURCE)
        .enable(true)
        .iconColor('purple')
        .expr(RESTART_EVENTS)
        .step('30s')
        .titleFormat('{{dyno}}: {{tidemark_outcome}}')
        .textFormat('{{app}}')
        .tagKeys('app,dyno,tidemark_outcome'),
    );
}

function choice(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
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
}
