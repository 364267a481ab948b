import { hostname } from 'node:os';
import { processTypeOf } from '../../shared/dyno-name.ts';
import type { Procfs } from '../memory/procfs.ts';

export interface DynoIdentity {
  /** `worker.1` */
  readonly name: string;
  readonly processType: string;
  readonly id: string;
  readonly idSource: 'platform' | 'derived';
  /** RFC 3339; null without a procfs. */
  readonly startTime: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The boot that this process belongs to; null outside a dyno (no `DYNO`).
 *
 * If the platform gives no `HEROKU_DYNO_ID` (its metadata is opt-in, and absent in Private Spaces and with container
 * deploys), an id is derived from what all processes of one boot share and the next boot does not: the start of PID 1,
 * the kernel's boot id, the container's host name, app and `DYNO`. It is not random: every process has to derive the
 * same id without communicating.
 */
export function dynoIdentity(env: Environment, procfs: Procfs): DynoIdentity | null {
  const name = env.DYNO;
  if (name === undefined || name === '') return null;
  const platformId = env.HEROKU_DYNO_ID || null;
  const startMs = procfs.startTimeMs(platformId === null ? 1 : topOfDyno(env, procfs));
  return {
    name,
    processType: processTypeOf(name),
    id: platformId ?? derivedId(env, procfs),
    idSource: platformId === null ? 'derived' : 'platform',
    startTime: startMs === null ? null : new Date(startMs).toISOString(),
  };
}

/**
 * The first process of the dyno: the topmost ancestor that was started with the same dyno id. In a container that is
 * PID 1, or its first child if PID 1 is the platform's. On a plain machine that runs several dynos, PID 1 belongs to
 * none of them.
 */
function topOfDyno(env: Environment, procfs: Procfs): number {
  let top = process.pid;
  let pid = process.ppid;
  while (pid > 0 && pid !== top && startedInDyno(pid, env, procfs)) {
    top = pid;
    pid = procfs.stat(pid)?.parentPid ?? 0;
  }
  return top;
}

/**
 * Whether a process was started as part of the dyno that `env` describes: with the same `HEROKU_DYNO_ID`, or, if the
 * platform gives none, with the same `DYNO` and no other app's name. False if its environment may not be read: another
 * user's process, or a protected one.
 */
export function startedInDyno(pid: number, env: Environment, procfs: Procfs): boolean {
  if (env.HEROKU_DYNO_ID) return procfs.environment(pid, 'HEROKU_DYNO_ID') === env.HEROKU_DYNO_ID;
  if (!env.DYNO || procfs.environment(pid, 'DYNO') !== env.DYNO) return false;
  const app = appName(env);
  const appOfProcess = procfs.environment(pid, 'TIDEMARK_APP') || procfs.environment(pid, 'HEROKU_APP_NAME');
  // Either may lack the name: an npm script can set it for one process only.
  return !app || !appOfProcess || app === appOfProcess;
}

function appName(env: Environment): string | undefined {
  return env.TIDEMARK_APP || env.HEROKU_APP_NAME;
}

/**
 * Written like a UUID, because the platform's ids are. Uses ticks, not a date: a date changes when the clock is set.
 */
function derivedId(env: Environment, procfs: Procfs): string {
  const start = procfs.stat(1)?.startTicks ?? `${process.pid}@${performance.timeOrigin}`;
  const parts = [appName(env), env.DYNO, start, procfs.bootId(), hostname()];
  // Not imported: see process-id.ts.
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
