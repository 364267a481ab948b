import { once } from 'node:events';

export interface LookAroundOptions {
  readonly pageUrl: string;
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The loop has closed: says where to look, and resolves when the signal is aborted, also where it already was. */
export async function lookAround({ pageUrl, print, signal }: LookAroundOptions): Promise<void> {
  print(`\nEverything keeps running: look around at ${pageUrl}\nCtrl-C stops it all.\n`);
  if (!signal.aborted) await once(signal, 'abort');
  print('\nStopped; ending all processes.\n');
}
