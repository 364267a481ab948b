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

/** What restarts need of the platform. */
export interface Platform {
  /** All dynos of the app, one-offs included; one call for each 1,000 dynos. Throws `PlatformError`. */
  list(app: string, signal?: AbortSignal): Promise<readonly PlatformDyno[]>;
  /**
   * One DELETE, by dyno name, sent at most once; settles within `REQUEST_DEADLINE_MS`. `mayStillSend` is called just
   * before the request is written to the socket. Does not reject for faults of the network or the platform.
   */
  restart(app: string, dyno: string, mayStillSend: () => boolean, signal?: AbortSignal): Promise<RestartAnswer>;
}

/** One page of the apps that the account can see. */
export interface AppsPage {
  readonly names: readonly string[];
  /** What the next page is asked for by; null at the end. */
  readonly nextRange: string | null;
}

/** What watching needs besides. Each read is exactly one call, so that a budget can count them. */
export interface WatchedPlatform extends Platform {
  /**
   * The quota of each dyno size (lower-case name): of all sizes, or of those that one app may use. Throws
   * `PlatformError`.
   */
  dynoSizes(app: string | null, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>>;
  /** The dyno size of each process type, where the formation says it. Throws `PlatformError`. */
  sizesByType(app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Null: the first page. Throws `PlatformError`. */
  appsPage(range: string | null, signal?: AbortSignal): Promise<AppsPage>;
  /**
   * Calls that the account has left this hour, from the last answer; null before one. The account's other tools share
   * them.
   */
  rateLimitRemaining(): number | null;
  /** Calls made by this process since it started, restarts' included. */
  callsMade(): number;
}

/** What the platform says by itself of one dyno, in a webhook. */
export interface DynoNews {
  readonly app: string;
  readonly action: 'create' | 'update' | 'destroy';
  /** When it happened, by the platform's clock (Unix ms). */
  readonly atMs: number;
  /** `createdAtMs` is null where the message does not say it. */
  readonly dyno: Omit<PlatformDyno, 'createdAtMs'> & { readonly createdAtMs: number | null };
}
