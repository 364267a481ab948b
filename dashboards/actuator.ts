import {
  type Dashboard,
  type DashboardBuilder,
  MappingType,
  RowBuilder,
  type Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as queries from './actuator-queries.ts';
import { frame } from './frame.ts';
import { FULL, figure, HALF, lines, QUARTER, THIRD, table, timeline } from './panels.ts';

/** What Tidemark does, what keeps it from doing more, and whether it was worth it. */
export function actuatorDashboard(): Dashboard {
  const builder = frame({
    uid: 'tidemark-actuator',
    title: 'Tidemark: actuator',
    description: 'Who leads, what stands in the way of restarts, what was decided and done, and what it gave back.',
    byJob: false,
  });
  figures(builder);
  standing(builder);
  restarts(builder);
  intake(builder);
  return builder.build();
}

const steps = (first: string, ...rest: readonly (readonly [from: number, color: string])[]): readonly Threshold[] => [
  { value: null, color: first },
  ...rest.map(([value, color]) => ({ value, color })),
];

function figures(builder: DashboardBuilder): void {
  builder
    .withPanel(
      figure(
        {
          title: 'Leaders',
          description:
            'One of the actuators leads: it takes points and restarts dynos. None for longer than a minute: look ' +
            'at the log and at Redis. Two for a moment are harmless.',
          unit: 'none',
        },
        queries.LEADERS,
        steps('red', [1, 'green'], [2, 'orange']),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Targets in dry run',
          description:
            'Decisions are made and logged there, nothing is restarted. When you agree with the decisions, set ' +
            'TIDEMARK_DRY_RUN=false.',
          unit: 'none',
        },
        queries.DRY,
        steps('green', [1, 'blue']),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Targets paused',
          description: 'By a person, until "tidemark resume".',
          unit: 'none',
        },
        queries.PAUSED,
        steps('green', [1, 'orange']),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Breakers open',
          description:
            'After two restarts in a row that gave nothing back, or three that failed, Tidemark stops restarting ' +
            'the target, for 24 hours or until a new release or "tidemark resume".',
          unit: 'none',
        },
        queries.BREAKERS_OPEN,
        steps('green', [1, 'red']),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Boots that send points',
          description:
            'As the actuator counts them. Fewer than dynos run: some worker does not send, or its points arrive ' +
            'too late to be used.',
          unit: 'none',
        },
        queries.BOOTS_ACTIVE,
        steps('red', [1, 'green']),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Lag',
          description:
            'Age of the newest measurement of the dyno that is furthest behind. Up to the interval of the exports ' +
            '(10 s) is normal. Points older than TIDEMARK_MAX_POINT_AGE are not used.',
          unit: 's',
        },
        queries.LAG,
        steps('green', [30, 'orange'], [120, 'red']),
      ),
    );
}

function standing(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('What stands in the way of restarts'))
    .withPanel(
      timeline(
        {
          title: 'Obstacles of each target',
          description:
            'A bar while the obstacle holds. Cooldowns and open attempts are part of normal restarts; "tidemark ' +
            'status" says of the others what ends them.',
          unit: 'none',
        },
        { expr: queries.OBSTACLES, legend: '{{app}}:{{process_type}} {{tidemark_obstacle}}' },
      )
        .mappings([{ type: MappingType.ValueToText, options: { '1': { text: 'holds', color: 'orange' } } }])
        .noValue('none')
        .span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Restarts that the budget allows',
          description:
            'Of TIDEMARK_MAX_RESTARTS_PER_HOUR (4 by default), by target. 0 for long: restarts are needed more ' +
            'often than they help; look at the jobs.',
          unit: 'none',
        },
        [{ expr: queries.BUDGET_LEFT, legend: '{{app}}:{{process_type}}' }],
      )
        .min(0)
        .span(QUARTER),
    )
    .withPanel(
      lines(
        {
          title: 'Useless restarts in a row',
          description:
            'Restarts that gave nothing back. The second opens the breaker: such a dyno needs more memory or less ' +
            'concurrency, not a restart.',
          unit: 'none',
        },
        [{ expr: queries.USELESS, legend: '{{app}}:{{process_type}}' }],
      )
        .min(0)
        .span(QUARTER),
    );
}

function restarts(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Restarts and decisions'))
    .withPanel(
      table(
        {
          title: 'Restarts in this time range',
          description:
            'Attempts that are over, by how they ended. Anything but "restarted" and "dry-run" is worth a look at ' +
            'the log: refused and unconfirmed ones open the breaker of their target.',
          unit: 'none',
        },
        queries.OUTCOMES,
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Memory given back by a restart, on average',
          description:
            'Usage before, less the floor of the new boot after its warm-up, of restarts since the actuator ' +
            'started. Near zero: restarts do not help there. Tidemark stops after two such and advises a bigger ' +
            'dyno or less concurrency.',
          unit: 'bytes',
        },
        queries.RECLAIMED,
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Duration of a restart, on average',
          description:
            'From the claim to the end, the drain included. Near the grace time: jobs are longer than it, and ' +
            'drains time out.',
          unit: 's',
        },
        queries.DURATION,
      ).span(THIRD),
    )
    .withPanel(
      table(
        {
          title: 'Decisions in this time range',
          description:
            'One for each change of class, action or reason of a dyno. The reason says why nothing was done, or ' +
            'why it was advice: each is explained with its numbers at /api/decisions.',
          unit: 'none',
        },
        queries.DECISIONS,
      ).span(FULL),
    );
}

function intake(builder: DashboardBuilder): void {
  builder
    .withRow(new RowBuilder('Measurements'))
    .withPanel(
      lines(
        {
          title: 'Data points that the actuator received',
          description:
            'By what became of them. "accepted" and "ignored" are normal. "too-old": a backlog is being delivered, ' +
            'nothing is decided on it. "wrong-app": a token is used for an app that it is not for. "no-dyno": an ' +
            'SDK without the Heroku detector.',
          unit: 'cps',
        },
        [{ expr: queries.INGEST, legend: '{{tidemark_result}}' }],
      ).span(HALF),
    )
    .withPanel(
      lines(
        {
          title: 'Age of the newest measurement',
          description:
            'Of the dyno that is furthest behind. A saw-tooth as high as the interval of the exports is normal; a ' +
            'rise beyond it: the Collector or the network delays points.',
          unit: 's',
        },
        [{ expr: queries.LAG, legend: 'lag' }],
      )
        .min(0)
        .span(HALF),
    );
}
