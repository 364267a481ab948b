import { type ProcessState, rememberedMs } from './process-state.ts';

/**
 * Beyond these, the one that was silent for longest is forgotten: a dyno that forks without end must not fill the
 * actuator's memory.
 */
export const MAX_PROCESSES = 64;

export function processOf(processes: readonly ProcessState[], processId: string): ProcessState | undefined {
  for (const state of processes) if (state.processId === processId) return state;
  return undefined;
}

export function withProcess(processes: readonly ProcessState[], opened: ProcessState): readonly ProcessState[] {
  // Spread, a list of one would keep room for 17 more.
  if (processes.length < MAX_PROCESSES) return processes.concat(opened);
  const silent = processes.reduce((one, other) => (other.timeMs < one.timeMs ? other : one));
  return [...processes.filter((state) => state !== silent), opened];
}

export function remembered(
  processes: readonly ProcessState[],
  nowMs: number,
  silentMs: number,
): readonly ProcessState[] {
  const isRemembered = (state: ProcessState) => nowMs - state.timeMs <= rememberedMs(state, silentMs);
  return processes.every(isRemembered) ? processes : processes.filter(isRemembered);
}
