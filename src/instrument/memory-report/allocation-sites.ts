import { ALLOCATION_SITES, type AllocationSite, MEMORY_NAME_MAX_LENGTH } from '../../shared/memory-report-messages.ts';
import { placeOf } from './code-place.ts';

/** A node of V8's sampling heap profile: a call, and what was allocated in it. */
export interface ProfileNode {
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** From 0. */
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/** A call on the way to an allocation. */
interface Frame {
  readonly functionName: string;
  readonly place: string;
  readonly isPackage: boolean;
}

interface Visit {
  readonly node: ProfileNode;
  /** The innermost function of the application or of a package so far. */
  readonly code: Frame | null;
  /** The innermost function of the application so far. */
  readonly own: Frame | null;
}

const OUTSIDE: Frame = { functionName: '(outside JavaScript)', place: '', isPackage: false };

export interface AllocationSums {
  /** All sites together. */
  readonly bytes: number;
  /** The largest first, at most `ALLOCATION_SITES`. */
  readonly sites: readonly AllocationSite[];
}

/**
 * Where the memory of a profile was allocated. What Node and V8 allocate (`JSON.parse`, `Buffer`) counts for the
 * function that called them, because only that one can be changed.
 *
 * @param root the application's directory; places are shown below it
 */
export function allocationSites(head: ProfileNode, root: string): AllocationSums {
  const sites = new Map<string, AllocationSite>();
  let bytes = 0;
  // Not recursive: a stack in the profile may be deeper than this one may become.
  const visits: Visit[] = [{ node: head, code: null, own: null }];
  for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
    const { node } = visit;
    const frame = frameOf(node, root);
    const code = frame ?? visit.code;
    const own = frame === null || frame.isPackage ? visit.own : frame;
    for (const child of node.children) visits.push({ node: child, code, own });
    if (node.selfSize <= 0) continue;
    bytes += node.selfSize;
    add(sites, code ?? OUTSIDE, own, node.selfSize);
  }
  const largest = [...sites.values()].sort((a, b) => b.bytes - a.bytes).slice(0, ALLOCATION_SITES);
  return { bytes: Math.round(bytes), sites: largest.map((site) => ({ ...site, bytes: Math.round(site.bytes) })) };
}

function add(sites: Map<string, AllocationSite>, code: Frame, own: Frame | null, bytes: number): void {
  const caller = code.isPackage && own !== null ? cut(`${own.functionName} (${own.place})`) : null;
  const { functionName, place } = code;
  const key = JSON.stringify([functionName, place, caller]);
  sites.set(key, { functionName, place, caller, bytes: (sites.get(key)?.bytes ?? 0) + bytes });
}

/** Null for a call inside Node or V8. */
function frameOf({ callFrame }: ProfileNode, root: string): Frame | null {
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  const file = placeOf(url, root);
  if (file === null) return null;
  return {
    functionName: cut(functionName === '' ? '(anonymous)' : functionName),
    place: cutStart(`${file}:${lineNumber + 1}:${columnNumber + 1}`),
    isPackage: file.startsWith('node_modules/'),
  };
}

function cut(name: string): string {
  const text = shown(name.slice(0, MEMORY_NAME_MAX_LENGTH + 1));
  return text.length <= MEMORY_NAME_MAX_LENGTH ? text : `${text.slice(0, MEMORY_NAME_MAX_LENGTH - 1)}…`;
}

/** A computed name may hold anything; an escape in JSON would take six bytes for one. */
function shown(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, '?');
}

/** The end of a place says more than its beginning. */
function cutStart(place: string): string {
  const text = shown(place.slice(-MEMORY_NAME_MAX_LENGTH - 1));
  return text.length <= MEMORY_NAME_MAX_LENGTH ? text : `…${text.slice(1 - MEMORY_NAME_MAX_LENGTH)}`;
}
