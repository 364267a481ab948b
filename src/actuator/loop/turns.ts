import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BootEntry } from '../boot-entry.ts';

/** Deciding about this many boots takes some 10 ms. */
const BOOTS_A_TURN = 1_000;

/** The boots of each app. */
export type ByApp = readonly (readonly BootEntry[])[];

/**
 * Does the work for all boots, some apps at a time, and lets requests be answered in between. An app is never split:
 * its boots are compared with each other.
 */
export async function inTurns(
  apps: ByApp,
  work: (ofApps: readonly BootEntry[]) => Promise<void> | void,
): Promise<void> {
  let turn: readonly BootEntry[] = [];
  for (const ofApp of apps) {
    if (turn.length > 0 && turn.length + ofApp.length > BOOTS_A_TURN) {
      await work(turn);
      await nextTurn();
      turn = [];
    }
    turn = turn.length === 0 ? ofApp : turn.concat(ofApp);
  }
  if (turn.length > 0) await work(turn);
}
