import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BootEntry } from '../boot-entry.ts';

/** Deciding about this many boots takes some 10 ms. */
export const BOOTS_A_TURN = 1_000;

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

/**
 * Does work that comes in steps, each about one boot, and lets requests be answered after some of them. What the steps
 * look at may change meanwhile.
 */
export async function stepByStep<T>(steps: Iterator<void, T>): Promise<T> {
  for (;;) {
    for (let boots = 0; boots < BOOTS_A_TURN; boots++) {
      const step = steps.next();
      if (step.done) return step.value;
    }
    await nextTurn();
  }
}

/**
 * The same work for all who ask while it is under way: what they are answered then is at most as old as it takes.
 */
export function sharedWhileRunning<T>(make: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= make().finally(() => {
      running = null;
    });
    return running;
  };
}
