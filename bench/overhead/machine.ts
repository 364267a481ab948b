import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** One line: what figures were measured on, and whether others were at work. */
export function describeMachine(): string {
  const cores = cpus();
  const load = loadavg()[0] ?? 0;
  return [
    `Node ${process.versions.node}`,
    `${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 1e9)} GB`,
    `${type()} ${release()}`,
    `load ${load.toFixed(1)} when it began`,
  ].join(', ');
}
