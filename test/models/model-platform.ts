import { PlatformError } from '../../src/model/errors.ts';
import type { AppsPage, Clock, DynoQuota, PlatformDyno, RestartAnswer, WatchedPlatform } from '../../src/ports.ts';

/** What becomes of a DELETE: whether it is carried out, and what is said of it. */
export type DeleteFate = 'accepted' | 'lost-answer' | 'lost-request' | 'refused' | 'rate-limited' | 'no-op';

export interface SentDelete {
  readonly dyno: string;
  /** The boot that ran under the name just then; null where there was none. */
  readonly bootId: string | null;
  readonly atMs: number;
  readonly fate: DeleteFate;
}

/**
 * A platform of one app on a virtual clock: a restarted dyno keeps its name and has a new id after a while, as on
 * Cedar.
 */
export class ModelPlatform implements WatchedPlatform {
  readonly deletes: SentDelete[] = [];
  readonly #clock: Clock;
  readonly #replaceAfterMs: number;
  #dynos: PlatformDyno[];
  #due: { readonly name: string; readonly atMs: number }[] = [];
  #boots = 0;
  /** The fate of the next DELETEs. */
  fate: DeleteFate = 'accepted';
  /** Thrown by `list` while it is set. */
  listFault: PlatformError | null = null;

  constructor(clock: Clock, names: readonly string[], replaceAfterMs = 3_000) {
    this.#clock = clock;
    this.#replaceAfterMs = replaceAfterMs;
    this.#dynos = names.map((name) => this.#boot(name, clock.now() - 3_600_000));
  }

  /** What `rateLimitRemaining` returns. */
  callsLeft: number | null = null;

  rateLimitRemaining(): number | null {
    return this.callsLeft;
  }

  /** The dynos as they are now. */
  dynos(): readonly PlatformDyno[] {
    for (const { name, atMs } of this.#due.filter((due) => due.atMs <= this.#clock.now())) {
      this.#dynos = this.#dynos.map((dyno) => (dyno.name === name ? this.#boot(name, atMs) : dyno));
    }
    this.#due = this.#due.filter((due) => due.atMs > this.#clock.now());
    return this.#dynos;
  }

  dyno(name: string): PlatformDyno {
    const found = this.dynos().find((dyno) => dyno.name === name);
    if (found === undefined) throw new Error(`the model has no ${name}`);
    return found;
  }

  change(name: string, changes: Partial<PlatformDyno>): void {
    this.#dynos = this.dynos().map((dyno) => (dyno.name === name ? { ...dyno, ...changes } : dyno));
  }

  /** The platform's own restart. */
  cycle(name: string): void {
    this.change(name, this.#boot(name, this.#clock.now()));
  }

  remove(name: string): void {
    this.#dynos = this.dynos().filter((dyno) => dyno.name !== name);
  }

  add(name: string): void {
    this.#dynos = [...this.dynos(), this.#boot(name, this.#clock.now())];
  }

  async list(): Promise<readonly PlatformDyno[]> {
    if (this.listFault !== null) throw this.listFault;
    return this.dynos();
  }

  async dynoSizes(): Promise<ReadonlyMap<string, DynoQuota>> {
    return new Map();
  }

  async sizesByType(): Promise<ReadonlyMap<string, string>> {
    return new Map();
  }

  async appsPage(): Promise<AppsPage> {
    return { names: [], nextRange: null };
  }

  callsMade(): number {
    return 0;
  }

  async restart(_app: string, name: string, mayStillSend: () => boolean): Promise<RestartAnswer> {
    if (!mayStillSend()) return { kind: 'not-sent', why: 'too late' };
    const dyno = this.dynos().find((candidate) => candidate.name === name);
    this.deletes.push({ dyno: name, bootId: dyno?.id ?? null, atMs: this.#clock.now(), fate: this.fate });
    if (this.fate === 'refused') return refusal(422, 'invalid_params');
    if (this.fate === 'rate-limited') return refusal(429, 'rate_limit');
    if (this.fate === 'lost-request') return { kind: 'unknown', why: 'the socket broke', status: null };
    if (dyno === undefined) return { kind: 'gone', message: "Couldn't find that dyno." };
    if (this.fate !== 'no-op') this.#due.push({ name, atMs: this.#clock.now() + this.#replaceAfterMs });
    if (this.fate === 'lost-answer') return { kind: 'unknown', why: 'the socket broke', status: null };
    return { kind: 'accepted', status: 202, requestId: null };
  }

  #boot(name: string, createdAtMs: number): PlatformDyno {
    this.#boots += 1;
    const id = `platform-boot-${this.#boots}`;
    return { id, name, processType: 'worker', state: 'up', size: 'standard-1X', createdAtMs, releaseVersion: 1 };
  }
}

function refusal(status: number, errorId: string): RestartAnswer {
  return { kind: 'refused', status, errorId, message: 'no', retryAfterMs: null };
}

export function unreadable(): PlatformError {
  return new PlatformError('unavailable', 'the platform does not answer');
}
