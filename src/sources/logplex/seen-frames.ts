import { hash } from 'node:crypto';
import { FairMap } from './fair-map.ts';

/** Frames that are remembered, about 300 bytes each. A repeated one follows within seconds. */
const MAX_FRAMES = 10_000;
const MAX_ID_LENGTH = 128;

/**
 * The frames that were taken. Logplex repeats a frame whose answer it did not see, and its lines must not count twice.
 */
export class SeenFrames {
  readonly #frames = new FairMap<true>(MAX_FRAMES);

  has(id: string): boolean {
    return this.#frames.has(keptId(id));
  }

  /** @param owner whose share of the memory it takes */
  add(id: string, owner: string): void {
    this.#frames.set(keptId(id), true, owner);
  }
}

/** Of a bounded size, whatever the sender names its frames. */
function keptId(id: string): string {
  return id.length <= MAX_ID_LENGTH ? id : hash('sha256', id, 'base64');
}
