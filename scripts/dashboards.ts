/** Writes the Grafana dashboards from their code: `npm run dashboards`. */
import { writeFileSync } from 'node:fs';
import { tidemarkDashboard } from '../dashboards/tidemark.ts';

const PATH = new URL('../dashboards/tidemark.json', import.meta.url);

/** The file as the code says it should be. */
export function dashboardFile(): string {
  return `${JSON.stringify(tidemarkDashboard(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(PATH, dashboardFile());
