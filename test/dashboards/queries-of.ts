import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';

export interface DashboardQuery {
  /** Where it is: the panel's title, or what else asks. */
  readonly of: string;
  /** PromQL. */
  readonly expr: string;
  /** Asked once for the end of the range, and not for each step of it. */
  readonly instant: boolean;
}

export interface VariableValues {
  /** What `$__range` stands for, such as `5m`; default: the variables are left as they are. */
  readonly range?: string;
}

/** Every query of a dashboard: of its panels, annotations and variables, with "All" chosen in each variable. */
export function queriesOf(dashboard: Dashboard, { range }: VariableValues = {}): readonly DashboardQuery[] {
  const found: DashboardQuery[] = [];
  for (const panel of panelsOf(dashboard)) {
    for (const target of (panel.targets ?? []) as { readonly expr?: string; readonly instant?: boolean }[]) {
      if (target.expr !== undefined)
        found.push({ of: panel.title ?? '', expr: target.expr, instant: target.instant === true });
    }
  }
  for (const { name, expr } of dashboard.annotations?.list ?? []) {
    if (expr !== undefined) found.push({ of: `annotation ${name}`, expr, instant: false });
  }
  for (const variable of dashboard.templating?.list ?? []) {
    const { query } = variable;
    const [, selector, label] =
      /^label_values\((.*), (\w+)\)$/.exec(typeof query === 'object' ? String(query?.query) : '') ?? [];
    if (selector !== undefined)
      found.push({ of: `variable ${variable.name}`, expr: `count by (${label}) (${selector})`, instant: true });
  }
  return range === undefined ? found : found.map((query) => ({ ...query, expr: filledIn(query.expr, range) }));
}

/** Every panel, those of collapsed rows too. */
export function panelsOf({ panels = [] }: Dashboard): readonly Panel[] {
  return panels.flatMap((panel) => ('panels' in panel ? panel.panels : [panel as Panel])).filter(isPanel);
}

function isPanel({ type }: Panel): boolean {
  return type !== 'row';
}

function filledIn(expr: string, range: string): string {
  return expr
    .replaceAll('$__range', range)
    .replaceAll('$__rate_interval', '4s')
    .replaceAll(/\$(app|process_type|dyno|queue|job)\b/g, '.*');
}
