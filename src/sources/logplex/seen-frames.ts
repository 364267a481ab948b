import { hash } from 'node:crypto';

/** Frames that are remembered, about 100 bytes each. A repeated one follows within seconds. */
const MAX_FRAMES = 10_000;
const MAX_ID_LENGTH = 128;

/**
 * The frames that were taken. Logplex repeats a frame whose answer it did not see, and its lines must not count twice.
 * All apps share the set: a sender that floods it makes Tidemark forget another app's frames. Then repeated R14 lines
 * of that app count twice; repeated samples are recognised anyway.
 */
export class SeenFrames {
  readonly #frames = new Set<string>();

  has(id: string): boolean {
    return this.#frames.has(keptId(id));
  }

  add(id: string): void {
    this.#frames.add(keptId(id));
    if (this.#frames.size <= MAX_FRAMES) return;
    for (const oldest of this.#frames) {
      this.#frames.delete(oldest);
      return;
    }
  }
}

/** Of a bounded size, whatever the sender names its frames. */
function keptId(id: string): string {
  return id.length <= MAX_ID_LENGTH ? id : hash('sha256', id, 'base64');
}
