import {
  GraphDrawStyle,
  TableCellDisplayMode,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import type { MemoryClass } from '../src/model/decision.ts';
import { CLASSES } from './fleet-queries.ts';
import { filledIn } from './selectors.ts';

export const DATASOURCE = { type: 'prometheus', uid: filledIn('datasource') };
/** Of the 24 columns of a dashboard. */
export const [FULL, HALF, THIRD, QUARTER, SIXTH] = [24, 12, 8, 6, 4] as const;

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

/** A column of a table with one row for each set of labels. */
interface Column {
  readonly name: string;
  readonly expr: string;
  readonly unit: string;
  /** Grafana's properties of the column's cells, by name. */
  readonly cells?: Readonly<Record<string, unknown>>;
}

export function lines({ title, description, unit }: Words, shown: readonly Line[]): TimeSeries {
  return new TimeSeries()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(5)
    .targets(shown.map((line, index) => target(line).refId(refId(index))));
}

/** The value of one query, by its labels; the greatest first. */
export function table({ title, description, unit }: Words, expr: string): TablePanel {
  return new TablePanel()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .withTarget(instant(expr).refId('A'))
    .transformations([{ id: 'organize', options: { excludeByName: { Time: true } } }])
    .sortBy([new TableSortByFieldStateBuilder().displayName('Value').desc(true)]);
}

/** Several queries with the same labels side by side. */
export function columns({ title, description, unit }: Words, shown: readonly Column[]): TablePanel {
  const renameByName = Object.fromEntries(shown.map(({ name }, index) => [`Value #${refId(index)}`, name]));
  const panel = new TablePanel()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .targets(shown.map(({ expr }, index) => instant(expr).refId(refId(index))))
    .transformations([
      { id: 'merge', options: {} },
      { id: 'organize', options: { excludeByName: { Time: true }, renameByName } },
    ]);
  for (const { name, unit: unitOfColumn, cells = {} } of shown) {
    const properties = Object.entries({ unit: unitOfColumn, ...cells });
    panel.overrideByName(
      name,
      properties.map(([id, value]) => ({ id, value })),
    );
  }
  return panel;
}

/** One number, coloured by thresholds. */
export function figure({ title, description, unit }: Words, expr: string, steps: readonly Threshold[]): StatPanel {
  return new StatPanel()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .span(SIXTH)
    .height(4)
    .thresholds(thresholds(steps))
    .withTarget(target({ expr, legend: title }).refId('A'));
}

export function timeline({ title, description, unit }: Words, line: Line): StateTimeline {
  return new StateTimeline()
    .datasource(DATASOURCE)
    .title(title)
    .description(description)
    .unit(unit)
    .withTarget(target(line).refId('A'));
}

export function thresholds(steps: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);
}

/** Orange from 80 % of the limit, where bloat is restarted by default; red from 100 %, where Heroku logs R14. */
export const LIMIT_STEPS: readonly Threshold[] = [
  { value: null, color: 'green' },
  { value: 0.8, color: 'orange' },
  { value: 1, color: 'red' },
];

const COLOURS: Readonly<Record<MemoryClass, string>> = {
  unknown: 'dark-blue',
  warming: 'light-blue',
  healthy: 'green',
  spike: 'yellow',
  sawtooth: 'super-light-yellow',
  bloat: 'orange',
  leak: 'red',
};

/** Names the numbers that `CLASS` gives the classes of curves. */
export const CLASS_NAMES: readonly ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      CLASSES.map((name, index) => [String(index), { text: name, color: COLOURS[name], index }]),
    ),
  },
];

/** Cells of a column, coloured by its mapping or thresholds. */
export const COLOURED_CELLS = { 'custom.cellOptions': { type: TableCellDisplayMode.ColorBackground } };
export const GAUGE_CELLS = { 'custom.cellOptions': { type: TableCellDisplayMode.Gauge } };

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function instant(expr: string): DataqueryBuilder {
  return target({ expr, legend: '' }).instant().format(PromQueryFormat.Table);
}

function target({ expr, legend }: Line): DataqueryBuilder {
  return new DataqueryBuilder().expr(expr).legendFormat(legend);
}
