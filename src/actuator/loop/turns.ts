import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BootEntry } from '../boot-registry.ts';

/** Judging this many boots takes some 10 ms. */
const BOOTS_A_TURN = 2_000;

/**
 * Does the work for all boots, some apps at a time, and lets requests be answered in between. An app is never split:
 * its boots are compared with each other.
 */
export async function inTurns(
  entries: readonly BootEntry[],
  work: (ofApps: readonly BootEntry[]) => Promise<void>,
): Promise<void> {
  let turn: BootEntry[] = [];
  for (const ofApp of Map.groupBy(entries, ({ boot }) => boot.identity.app).values()) {
    if (turn.length > 0 && turn.length + ofApp.length > BOOTS_A_TURN) {
      await work(turn);
      await nextTurn();
      turn = [];
    }
    turn = turn.length === 0 ? ofApp : turn.concat(ofApp);
  }
  if (turn.length > 0) await work(turn);
}
