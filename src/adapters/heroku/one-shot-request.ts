import '../quiet-debug.ts';
import type { ClientRequest } from 'node:http';
import HerokuRequest from 'heroku-client/lib/request.js';
import { type Destroyable, gateConnections } from './connection-gate.ts';

/** Why a request was held back before its first byte. */
class HeldBack extends Error {}

/**
 * heroku-client's request without what makes it unfit for a DELETE. Left alone, version 3.1.4 sends any request up to
 * five times when its socket dies, keeps doing so after its own timeout has rejected, and sends it again for a
 * `Next-Range` in the answer.
 */
export class OneShotRequest extends HerokuRequest {
  readonly #once: boolean;
  readonly #destroyables = new Set<Destroyable>();
  #calls = 0;
  #destroyed = false;
  #written = false;

  /** `mayWrite` is asked when the connection stands, right before the first byte of each request. */
  constructor(options: HerokuRequest.Options, mayWrite: () => boolean) {
    super(options);
    this.#once = options.method !== 'GET';
    gateConnections(this.agent, {
      opened: (socket) => this.#track(socket),
      check: () => {
        if (this.#destroyed) return new HeldBack('the call had already ended when the connection was ready');
        const refusal = ask(mayWrite);
        this.#written ||= refusal === null;
        return refusal;
      },
    });
  }

  /** Whether a byte of a request may have left; false proves that none did. */
  get written(): boolean {
    return this.#written;
  }

  /** The library never repeats on its own; the caller decides with what it then knows. */
  override isRetryAllowed(): boolean {
    return false;
  }

  /** The second lock: whatever way the library finds to send a DELETE again ends here. */
  override request(): Promise<unknown> {
    this.#calls += 1;
    if (this.#once && this.#calls > 1) {
      const error = new Error('heroku-client tried to send a request twice');
      this.reject(error);
      const refused = Promise.reject(error);
      // The library drops the promise of a repetition: unhandled, it would end the process.
      refused.catch(() => {});
      return refused;
    }
    return super.request();
  }

  /** Refuses what would hold the event loop for long: `JSON.parse` takes longer for many values than for many bytes. */
  override parseBody(text: string): unknown {
    if (hasTooManyValues(text)) throw new Error(`the answer has more than ${MAX_VALUES} values`);
    return super.parseBody(text);
  }

  override setRequestTimeout(request: ClientRequest): void {
    this.#track(request);
  }

  /** Ends the call: closes every socket, also one that still connects, and lets nothing more through. */
  destroy(): void {
    this.#destroyed = true;
    for (const destroyable of this.#destroyables) destroyable.destroy();
    this.#destroyables.clear();
  }

  #track(destroyable: Destroyable): void {
    if (this.#destroyed) destroyable.destroy();
    else this.#destroyables.add(destroyable);
  }
}

/** Ten thousand dynos have a quarter of a million. */
const MAX_VALUES = 500_000;
const BEGINS_VALUE = /[{[,]/g;

/** By the characters that begin one, those inside of texts too. */
function hasTooManyValues(text: string): boolean {
  if (text.length <= MAX_VALUES) return false;
  let values = 0;
  BEGINS_VALUE.lastIndex = 0;
  while (BEGINS_VALUE.test(text)) if (++values > MAX_VALUES) return true;
  return false;
}

/** A check that throws counts as no: it runs in a socket's event, where no caller could catch the error. */
function ask(mayWrite: () => boolean): HeldBack | null {
  try {
    return mayWrite() ? null : new HeldBack('it was too late to send when the connection was ready');
  } catch (error) {
    return new HeldBack('whether it may still be sent could not be found out', { cause: error });
  }
}
