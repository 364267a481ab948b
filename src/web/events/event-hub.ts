import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { EVENTS, EventName } from '../schema/events.ts';

export interface EventHubOptions {
  readonly maxStreams: number;
  /** With a token that only reads: it is given to many, and the others must find room. */
  readonly maxReadOnlyStreams: number;
  /** What may wait for one reader before it is cut off. */
  readonly maxWaitingBytes: number;
  /** What is kept for readers that come back. */
  readonly maxKeptBytes: number;
  readonly heartbeatMs: number;
  /** How long what happens is kept after the last reader has gone. */
  readonly lingerMs: number;
}

const DEFAULTS: EventHubOptions = {
  maxStreams: 100,
  maxReadOnlyStreams: 50,
  maxWaitingBytes: 1024 ** 2,
  maxKeptBytes: 2 * 1024 ** 2,
  heartbeatMs: 15_000,
  lingerMs: 60_000,
};

interface Kept {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Who reads a stream. */
export interface Reader {
  readonly isReadOnly: boolean;
  /** Ends the connection of a reader that is too slow: a closed stream would wait for it. */
  readonly cut: () => void;
}

type Stream = ReadableStreamDefaultController<Uint8Array>;

const ENCODER = new TextEncoder();
const HEARTBEAT = ENCODER.encode(':\n\n');
/** What a browser waits before it comes back. */
const HELLO = ENCODER.encode('retry: 3000\n\n');

/**
 * Hands events to everyone who watches, as server-sent events. Each is made into bytes once. While nobody watches, and
 * for a while after, nothing is kept: a reader that comes back then has to read the lists again.
 */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #onFirstReader: () => void;
  readonly #streams = new Map<Stream, Reader>();
  /** Ids of one hub are not those of another: an actuator that starts again begins at 1. */
  readonly #hubId = randomUUID().slice(0, 8);
  #kept: Kept[] = [];
  #keptBytes = 0;
  #nextId = 1;
  #isWatched = false;
  #heartbeat: NodeJS.Timeout | null = null;
  #forgetting: NodeJS.Timeout | null = null;

  /** @param onFirstReader called when somebody begins to watch after nobody did */
  constructor(onFirstReader: () => void, options: Partial<EventHubOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#onFirstReader = onFirstReader;
  }

  /** Whether events must be published: somebody watches, or has just gone and may come back. */
  get isWatched(): boolean {
    return this.#isWatched;
  }

  get streams(): number {
    return this.#streams.size;
  }

  publish<Name extends EventName>(name: Name, data: z.output<(typeof EVENTS)[Name]>): void {
    if (!this.#isWatched) return;
    const id = this.#nextId++;
    const bytes = this.#encode(id, name, data);
    this.#kept.push({ id, bytes });
    this.#keptBytes += bytes.length;
    while (this.#keptBytes > this.#options.maxKeptBytes && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()?.bytes.length ?? 0;
    }
    for (const stream of this.#streams.keys()) this.#send(stream, bytes);
  }

  /**
   * A stream that continues after an event; null where too many are open.
   *
   * @param lastEventId of an earlier stream; null: begin now
   */
  open(lastEventId: string | null, reader: Reader): ReadableStream<Uint8Array> | null {
    if (this.#streams.size >= this.#options.maxStreams) return null;
    if (reader.isReadOnly && this.#readOnlyStreams() >= this.#options.maxReadOnlyStreams) return null;
    const hub = this;
    let own: Stream | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          own = controller;
          hub.#streams.set(controller, reader);
          hub.#begin(controller, lastEventId);
        },
        cancel() {
          if (own !== null) hub.#end(own);
        },
      },
      { highWaterMark: this.#options.maxWaitingBytes, size: (bytes) => bytes?.length ?? 0 },
    );
  }

  #readOnlyStreams(): number {
    return [...this.#streams.values()].filter(({ isReadOnly }) => isReadOnly).length;
  }

  /** Ends all streams; their readers come back to another actuator, or to this one when it has started again. */
  close(): void {
    for (const stream of this.#streams.keys()) {
      this.#end(stream);
      stream.close();
    }
    this.#forget();
  }

  #begin(stream: Stream, lastEventId: string | null): void {
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#forgetting = null;
    if (!this.#isWatched) {
      this.#isWatched = true;
      this.#onFirstReader();
    }
    this.#heartbeat ??= setInterval(() => {
      for (const each of this.#streams.keys()) this.#send(each, HEARTBEAT);
    }, this.#options.heartbeatMs).unref();
    stream.enqueue(HELLO);
    const missed = this.#missedSince(lastEventId);
    if (missed === null) {
      const why = 'what happened since that event is not kept any more';
      stream.enqueue(this.#encode(this.#nextId - 1, 'reset', { why }));
      return;
    }
    for (const bytes of missed) stream.enqueue(bytes);
  }

  /** Null where that is not known any more. */
  #missedSince(lastEventId: string | null): readonly Uint8Array[] | null {
    if (lastEventId === null) return [];
    const [hubId, text = ''] = lastEventId.split(':');
    const last = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    const oldest = this.#kept[0]?.id ?? this.#nextId;
    const isKnown = hubId === this.#hubId && last >= oldest - 1 && last < this.#nextId;
    return isKnown ? this.#kept.filter(({ id }) => id > last).map(({ bytes }) => bytes) : null;
  }

  /** A reader that is too slow would fill the memory: it is cut off, and comes back by itself. */
  #send(stream: Stream, bytes: Uint8Array): void {
    if ((stream.desiredSize ?? 0) > 0) {
      stream.enqueue(bytes);
      return;
    }
    const reader = this.#streams.get(stream);
    this.#end(stream);
    reader?.cut();
  }

  #end(stream: Stream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    this.#forgetting ??= setTimeout(() => this.#forget(), this.#options.lingerMs).unref();
  }

  #forget(): void {
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#forgetting = null;
    this.#isWatched = false;
    this.#kept = [];
    this.#keptBytes = 0;
    // An id from before must not look like one of what is kept later.
    this.#nextId += 1;
  }

  #encode(id: number, name: EventName, data: unknown): Uint8Array {
    return ENCODER.encode(`id: ${this.#hubId}:${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
