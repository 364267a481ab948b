import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tidemarkDashboard } from '../../dashboards/tidemark.ts';
import { dashboardFile } from '../../scripts/dashboards.ts';
import { METRICS } from '../../src/emitted.ts';
import { queriesOf } from './queries-of.ts';

const dashboard = tidemarkDashboard();
const panels = (dashboard.panels ?? []).filter((panel) => panel.type !== 'row');

describe('the dashboard', () => {
  it('is committed as the code makes it; "npm run dashboards" writes it', () => {
    expect(readFileSync(new URL('../../dashboards/tidemark.json', import.meta.url), 'utf8')).toBe(dashboardFile());
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))(
    'says of "%s" what it shows, in which unit',
    (_, panel) => {
      expect('description' in panel && panel.description).toMatch(/\w{3,}.*\.$/);
      expect('fieldConfig' in panel && panel.fieldConfig?.defaults?.unit).toMatch(/^\w+$/);
    },
  );

  it('asks only for metrics that there are', () => {
    const shown = new Set(METRICS.flatMap(({ metric }) => prometheusNames(metric)));
    for (const { expr } of queriesOf(dashboard)) {
      const names = [...expr.matchAll(/\b((?:tidemark|bullmq|v8js|process|messaging)_\w+?)(?=[{[, )]|$)/g)].map(
        ([, name]) => name,
      );
      const labels =
        /^(process_type|process_role|messaging_destination_name|bullmq_job_name|bullmq_job_outcome|tidemark_(?:exit_reason|class|action|reason|outcome|result))$/;
      for (const name of names) if (!labels.test(name ?? '')) expect(shown, expr).toContain(name);
    }
  });

  it('has every query filled in: nothing of a variable is left', () => {
    for (const { expr } of queriesOf(dashboard, { range: '1h' })) expect(expr).not.toContain('$');
  });
});

const SUFFIXES: Readonly<Record<string, string>> = { By: '_bytes', s: '_seconds', '1': '_ratio' };

/** As Prometheus shows a metric of OpenTelemetry. */
function prometheusNames(metric: { readonly name: string; readonly unit: string; readonly instrument: string }) {
  const name = `${metric.name.replaceAll('.', '_')}${SUFFIXES[metric.unit] ?? ''}`;
  if (metric.instrument === 'Histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [metric.instrument.endsWith('Counter') && !metric.instrument.includes('UpDown') ? `${name}_total` : name];
}
