import type { FlightLimits } from './limits.ts';

/** A body's part of the budget. */
export interface Flight {
  /** Takes more of the budget; false, and nothing taken, where it does not have that much. */
  grow(bytes: number): boolean;
  /** Gives all of it back. */
  end(): void;
}

interface Held {
  bytes: number;
  bodies: number;
}

/**
 * The bodies that are being received or wait to be decoded.
 * Each takes its announced length from a budget before its first byte is read, so
 * that memory cannot grow by the number of connections; whoever finds no room gets 503 and sends again later.
 */
export class BodiesInFlight {
  readonly #limits: FlightLimits;
  readonly #all: Held = { bytes: 0, bodies: 0 };
  readonly #bySender = new Map<string, Held>();

  constructor(limits: FlightLimits) {
    this.#limits = limits;
  }

  /** Null where there is no room now. */
  begin(senderId: string, announcedBytes: number): Flight | null {
    const sender = this.#bySender.get(senderId) ?? { bytes: 0, bodies: 0 };
    if (!this.#fits(sender, announcedBytes, 1)) return null;
    this.#bySender.set(senderId, sender);
    let bytes = 0;
    const take = (more: number, bodies: number) => {
      bytes += more;
      for (const held of [this.#all, sender]) {
        held.bytes += more;
        held.bodies += bodies;
      }
    };
    take(announcedBytes, 1);
    return {
      grow: (more) => {
        if (!this.#fits(sender, more, 0)) return false;
        take(more, 0);
        return true;
      },
      end: () => {
        take(-bytes, -1);
        if (sender.bodies === 0) this.#bySender.delete(senderId);
      },
    };
  }

  #fits(sender: Held, bytes: number, bodies: number): boolean {
    const { maxBytes, maxBodies, maxSenderFraction } = this.#limits;
    const isWithin = (held: Held, fraction: number) =>
      held.bytes + bytes <= maxBytes * fraction && held.bodies + bodies <= maxBodies * fraction;
    return isWithin(this.#all, 1) && isWithin(sender, maxSenderFraction);
  }
}
