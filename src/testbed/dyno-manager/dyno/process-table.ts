import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel says of one process. */
interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
}

/** All processes of the machine; empty without /proc. */
export function readProcessTable(): readonly ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of listProc()) {
    const stat = readProc(`${name}/stat`);
    if (stat === null) continue;
    // The command is in brackets and may contain anything, so fields are counted from the last bracket.
    const [state, parentPid, groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') continue;
    entries.push({ pid: Number(name), parentPid: Number(parentPid), groupId: Number(groupId) });
  }
  return entries;
}

/** The process and its descendants. */
export function treeOf(pid: number, table: readonly ProcessEntry[]): readonly number[] {
  const found = table.filter((entry) => entry.pid === pid).map((entry) => entry.pid);
  for (const parent of found) {
    for (const entry of table) if (entry.parentPid === parent) found.push(entry.pid);
  }
  return found;
}

/** RSS and swap of these processes together; shared pages are counted once for each. Null if it cannot be read. */
export function memoryOf(pids: readonly number[]): { readonly rssBytes: number; readonly swapBytes: number } | null {
  let rssBytes = 0;
  let swapBytes = 0;
  let seen = false;
  for (const pid of pids) {
    const status = readProc(`${pid}/status`);
    if (status === null) continue;
    seen = true;
    rssBytes += kilobytes(status, 'VmRSS');
    swapBytes += kilobytes(status, 'VmSwap');
  }
  return seen ? { rssBytes, swapBytes } : null;
}

/** Processes that were started with this in their environment, whatever their parent is now. */
export function pidsWithEnv(assignment: string): readonly number[] {
  return listProc()
    .filter((name) => readProc(`${name}/environ`)?.split('\0').includes(assignment) === true)
    .map(Number);
}

function kilobytes(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  return match === null ? 0 : Number(match[1]) * 1024;
}

function listProc(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // No /proc on this system.
  }
}

function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return null; // The process has ended meanwhile, or belongs to somebody else.
  }
}

/** Whether the process is in this process group; false if it has ended. */
export function inGroup(pid: number, groupId: number): boolean {
  const stat = readProc(`${pid}/stat`);
  return stat !== null && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === groupId;
}
