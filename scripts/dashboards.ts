/** Writes the Grafana dashboards from their code: `npm run dashboards`. */
import { writeFileSync } from 'node:fs';
import { DASHBOARDS } from '../dashboards/dashboards.ts';

const FOLDER = new URL('../deploy/grafana/dashboards/', import.meta.url);

/** Each file's address, and its text as the code says it should be. */
export function dashboardFiles(): readonly (readonly [address: URL, text: string])[] {
  return Object.entries(DASHBOARDS).map(([name, dashboard]) => [
    new URL(name, FOLDER),
    `${JSON.stringify(dashboard(), null, 2)}\n`,
  ]);
}

if (import.meta.main) for (const [address, text] of dashboardFiles()) writeFileSync(address, text);
