import { hash } from 'node:crypto';

/** Frames that are remembered, about 100 bytes each. A repeated one follows within seconds. */
const MAX_FRAMES = 10_000;
const MAX_ID_LENGTH = 128;

/**
 * The frames that were taken. Logplex repeats one whose answer it did not see, and what it says must not count twice.
 * Of all apps together: whoever sends so many frames that another app's are forgotten only makes its repeated R14 lines
 * count twice, as samples that came twice are recognised anyway.
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
