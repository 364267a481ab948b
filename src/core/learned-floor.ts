/**
 * The floor that boots of a target show after their warm-up, from the last few of them: their median (the lower of two middle ones), so
 * that one boot that was measured under unusual load does not decide what a restart would give back. Null where nothing was learned.
 */
export function learnedFloor(floorsBytes: readonly number[]): number | null {
  const sorted = [...floorsBytes].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
