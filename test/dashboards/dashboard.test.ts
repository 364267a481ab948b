import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS } from '../../dashboards/dashboards.ts';
import { CLASSES } from '../../dashboards/fleet-queries.ts';
import { dashboardFiles } from '../../scripts/dashboards.ts';
import { MEMORY_CLASSES } from '../../src/model/decision.ts';
import { unknownNames } from './prometheus-names.ts';
import { panelsOf, queriesOf } from './queries-of.ts';

const dashboards = Object.entries(DASHBOARDS).map(([name, dashboard]) => [name, dashboard()] as const);
const panels = dashboards.flatMap(([, dashboard]) => panelsOf(dashboard));

describe('the dashboards', () => {
  it('are committed as the code makes them; "npm run dashboards" writes them', () => {
    for (const [address, text] of dashboardFiles()) expect(readFileSync(address, 'utf8'), address.pathname).toBe(text);
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))(
    'say of "%s" what it shows, in which unit',
    (_, panel) => {
      expect(panel.description).toMatch(/\w{3,}.*\.$/);
      expect(panel.fieldConfig?.defaults?.unit).toMatch(/^\w+$/);
    },
  );

  it.each(dashboards)('%s asks only for metrics and labels that there are', (_, dashboard) => {
    for (const { expr } of queriesOf(dashboard)) expect(unknownNames(expr), expr).toEqual([]);
  });

  it.each(dashboards)('%s has every query filled in: nothing of a variable is left', (_, dashboard) => {
    for (const { expr } of queriesOf(dashboard, { range: '1h' })) expect(expr).not.toContain('$');
  });

  it.each(dashboards)('%s links to the others, with what is chosen', (_, dashboard) => {
    const others = dashboards.filter(([, { uid }]) => uid !== dashboard.uid);
    const [link] = dashboard.links ?? [];
    expect(link).toMatchObject({ type: 'dashboards', includeVars: true, keepTime: true });
    for (const [, other] of others) expect(other.tags).toEqual(expect.arrayContaining(link?.tags ?? ['none']));
  });

  it('let people choose app, process type, dyno, queue and job', () => {
    const chosen = dashboards.flatMap(([, { templating }]) => (templating?.list ?? []).map(({ name }) => name));
    expect(new Set(chosen)).toEqual(new Set(['datasource', 'app', 'process_type', 'dyno', 'queue', 'job']));
  });

  it('name every class of curve', () => {
    expect([...CLASSES].sort()).toEqual([...MEMORY_CLASSES].sort());
  });
});
