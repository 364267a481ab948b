/** A body may come in so many pieces, whatever their size. */
const MAX_SMALL_PIECES = 512;
/** Further ones are at least this long on average. A packet of the network carries 500 bytes or more. */
const MIN_PIECE_BYTES = 256;

/**
 * Counts the pieces in which a body arrives. Each takes as much work as one of 64 KiB: a hundred connections with
 * chunks of one byte would hold the event loop for seconds.
 */
export class PieceCount {
  #pieces = 0;
  #bytes = 0;

  /** Whether that many pieces are too many for what they hold. */
  isTooMany(pieceBytes: number): boolean {
    this.#pieces += 1;
    this.#bytes += pieceBytes;
    return this.#pieces > MAX_SMALL_PIECES + this.#bytes / MIN_PIECE_BYTES;
  }
}
