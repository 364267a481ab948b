const MIN_BLOCK_BYTES = 1024;

/**
 * The bytes of a body, in whatever pieces its sender chose. They are copied into one block: a list of pieces of one
 * byte each would take 500 times what its bytes do.
 */
export class BodyBytes {
  /** The first piece, until a second one comes; never written to then, because it has no room. */
  #block: Uint8Array = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (this.#length === 0) this.#block = piece;
    else {
      if (length > this.#block.length) this.#grow(length);
      this.#block.set(piece, this.#length);
    }
    this.#length = length;
  }

  /** All bytes so far; later ones may lie in the same memory. */
  all(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }

  #grow(neededBytes: number): void {
    const block = Buffer.allocUnsafeSlow(Math.max(MIN_BLOCK_BYTES, neededBytes, 2 * this.#block.length));
    block.set(this.all());
    this.#block = block;
  }
}
