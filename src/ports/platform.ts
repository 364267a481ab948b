/** One dyno in the platform's list. */
export interface PlatformDyno {
  readonly id: string;
  /** `worker.1`, never empty. */
  readonly name: string;
  readonly processType: string;
  /**
   * `up`, `starting`, `crashed`, `down`, `idle`, or a state that the platform adds later. Only `up` may be restarted.
   */
  readonly state: string;
  /** In the platform's spelling; compare case-insensitively. Null where it is absent. */
  readonly size: string | null;
  readonly createdAtMs: number;
  readonly releaseVersion: number | null;
}

/** How much memory a dyno of one size may use. */
export interface DynoQuota {
  /** R14 starts here. */
  readonly limitBytes: number;
  /** The platform restarts or kills here (R15). */
  readonly killBytes: number;
}

export type RestartAnswer =
  /** 202: accepted. The dyno is not restarted yet. */
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
  /** `mayStillSend` returned false, or there was no connection: proof that nothing was written to a socket. */
  | { readonly kind: 'not-sent'; readonly why: string }
  /**
   * No answer, a broken one, or one that proves nothing (5xx, a proxy's page). Only reading the dynos shows what
   * happened.
   */
  | { readonly kind: 'unknown'; readonly why: string; readonly status: number | null };

export interface Platform {
  /** All dynos of the app, one-offs included. Throws `PlatformError`. */
  list(app: string, signal?: AbortSignal): Promise<readonly PlatformDyno[]>;
  /** The quota of each dyno size (lower-case name) that the app may use; cached for minutes. Throws `PlatformError`. */
  quotas(app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>>;
  /**
   * One DELETE, by dyno name, sent at most once; settles within `REQUEST_DEADLINE_MS`. `mayStillSend` is called just
   * before the request is written to the socket. Does not reject for faults of the network or the platform.
   */
  restart(app: string, dyno: string, mayStillSend: () => boolean, signal?: AbortSignal): Promise<RestartAnswer>;
  /**
   * Calls that the account has left this hour, from the last answer; null before one. The account's other tools share
   * them.
   */
  rateLimitRemaining(): number | null;
}
