/** One dyno as the platform lists it. */
export interface PlatformDyno {
  readonly id: string;
  /** `worker.1`, never empty. */
  readonly name: string;
  readonly processType: string;
  /** `up`, `starting`, `crashed`, `down`, `idle`, or anything the platform may add. Only `up` may be restarted. */
  readonly state: string;
  /** As the platform spells it; compare case-insensitively. Null where absent. */
  readonly size: string | null;
  readonly createdAtMs: number;
  readonly releaseVersion: number | null;
}

/** What the platform says a dyno of some size may use. */
export interface DynoQuota {
  /** R14 starts here. */
  readonly limitBytes: number;
  /** The platform restarts or kills here (R15). */
  readonly killBytes: number;
}

export type RestartAnswer =
  /** 202: accepted, which is not yet restarted. */
  | { readonly kind: 'accepted'; readonly status: number; readonly requestId: string | null }
  /** A 4xx with the platform's own error body: proof that nothing was restarted. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly errorId: string;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  /** 404 or 410 with the platform's own error body: the dyno is no longer there. */
  | { readonly kind: 'gone'; readonly message: string }
  /** `mayStillSend` said no, or no connection came about: proof that nothing was written to a socket. */
  | { readonly kind: 'not-sent'; readonly why: string }
  /** No answer, a cut one, or one that proves nothing (5xx, a proxy's page): to be found out by reading. */
  | { readonly kind: 'unknown'; readonly why: string; readonly status: number | null };

export interface Platform {
  /** All dynos of the app, one-offs included. Throws `PlatformError`. */
  list(app: string, signal?: AbortSignal): Promise<readonly PlatformDyno[]>;
  /** The quota of each dyno size (lower-case name) that the app may use; cached for minutes. Throws `PlatformError`. */
  quotas(app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>>;
  /**
   * One DELETE, by name, sent at most once whatever happens; settles by `REQUEST_DEADLINE_MS`. `mayStillSend` is asked just before the
   * request is written to the socket. Never rejects for what the network or the platform does.
   */
  restart(app: string, dyno: string, mayStillSend: () => boolean, signal?: AbortSignal): Promise<RestartAnswer>;
  /** Calls that the account has left this hour, as the last answer said; null where none has. The account's other tools share them. */
  rateLimitRemaining(): number | null;
}
