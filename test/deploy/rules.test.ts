import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { unknownNames } from '../dashboards/prometheus-names.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface AlertTest {
  readonly alertname: string;
  readonly eval_time: string;
  readonly exp_alerts?: readonly unknown[];
}

const rules = readdirSync(new URL('deploy/rules', ROOT)).flatMap((file) => {
  const { groups }: { groups: readonly { readonly rules: readonly Rule[] }[] } = parse(read(`deploy/rules/${file}`));
  return groups.flatMap((group) => group.rules);
});
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [[rule.alert, rule] as const]));
const { tests }: { tests: readonly { readonly alert_rule_test: readonly AlertTest[] }[] } = parse(
  read('test/deploy/rules.test.yml'),
);
const runbooks = read('docs/runbooks.md');

describe('the rules for Prometheus', () => {
  it('ask only for metrics and labels that there are, and for what they record themselves', () => {
    const recorded = rules.map(({ record }) => record);
    for (const { expr } of rules) {
      expect(unknownNames(expr), expr).toEqual([]);
      for (const [name] of expr.matchAll(/\b\w+:[\w:]+/g)) expect(recorded, expr).toContain(name);
    }
  });

  it.each(alerts)('say how grave %s is, what has happened, and where to read on', (name, { labels, annotations }) => {
    expect(labels?.severity).toMatch(/^(critical|warning|info)$/);
    expect(annotations?.summary).toMatch(/\w+ .*[\w}]$/);
    expect(annotations?.description).toMatch(/\w+ .*[.\w}]$/);
    expect(annotations?.runbook_url).toBe(`docs/runbooks.md#${name.toLowerCase()}`);
  });

  it.each(alerts)('have a runbook for %s: what it means, what Tidemark does, what you do', (name) => {
    const section = runbooks.split(/^## /m).find((part) => part.startsWith(`${name}\n`));
    for (const part of ['**Means:**', '**Tidemark:**', '**You:**']) expect(section, name).toContain(part);
  });

  it('have no runbook for an alert that does not exist', () => {
    const named = [...runbooks.matchAll(/^## (Tidemark\w+)$/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(alerts.map(([name]) => name).sort());
  });

  it.each(alerts)('are tested to fire %s, and to end it', (name) => {
    const looks = tests.flatMap((one) => one.alert_rule_test).filter(({ alertname }) => alertname === name);
    const fires = looks.map(({ exp_alerts: expected = [] }) => expected.length > 0);
    expect(fires).toContain(true);
    expect(fires.indexOf(true)).toBeLessThan(fires.lastIndexOf(false));
  });
});
