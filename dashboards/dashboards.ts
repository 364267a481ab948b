import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { actuatorDashboard } from './actuator.ts';
import { fleetDashboard } from './fleet.ts';
import { jobsDashboard } from './jobs.ts';

/** Every dashboard by the name of its file in deploy/grafana/dashboards. */
export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  'fleet.json': fleetDashboard,
  'jobs.json': jobsDashboard,
  'actuator.json': actuatorDashboard,
};
