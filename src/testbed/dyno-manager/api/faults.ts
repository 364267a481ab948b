/**
 * What can go wrong with one request. If the request is a restart, `restarts` says whether the dyno is restarted all
 * the same; without that field the name or the comment says it.
 */
export type Fault =
  /** The connection is reset as if the request had never been read; nothing is restarted. */
  | { readonly kind: 'reset-before-read' }
  /** The connection is reset instead of an answer. */
  | { readonly kind: 'reset-after-read'; readonly restarts: boolean }
  /** The answer breaks off in its head, or in its body. */
  | { readonly kind: 'cut-head'; readonly restarts: boolean }
  | { readonly kind: 'cut-body'; readonly restarts: boolean }
  /** No answer, and the connection stays open until the caller closes it. */
  | { readonly kind: 'silence'; readonly restarts: boolean }
  /** The usual answer, and nothing happens. */
  | { readonly kind: 'accepted-without-effect' }
  /** The usual answer; the restart begins this much later. */
  | { readonly kind: 'late-effect'; readonly delayMs: number }
  /** The usual answer, this much later; the restart begins at once. */
  | { readonly kind: 'slow'; readonly delayMs: number; readonly restarts: boolean }
  /**
   * Another answer; default body: the platform's error body for that status. Nothing is restarted unless `restarts` is
   * true.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly restarts?: boolean;
    };

interface Planned {
  readonly method: string;
  readonly path: string | RegExp;
  readonly fault: Fault;
  left: number;
}

/** Faults planned for coming requests, first come first served; may be changed while the manager runs. */
export class Faults {
  readonly #planned: Planned[] = [];

  /** Plans a fault for the next `times` requests with this method and path. */
  next(method: 'GET' | 'DELETE', path: string | RegExp, fault: Fault, times = 1): void {
    this.#planned.push({ method, path, fault, left: times });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  /** How many planned faults have not happened yet. */
  get pending(): number {
    return this.#planned.reduce((sum, planned) => sum + planned.left, 0);
  }

  take(method: string, path: string): Fault | null {
    const index = this.#planned.findIndex(
      (planned) =>
        planned.method === method &&
        (typeof planned.path === 'string' ? planned.path === path : planned.path.test(path)),
    );
    const planned = this.#planned[index];
    if (planned === undefined) return null;
    planned.left -= 1;
    if (planned.left <= 0) this.#planned.splice(index, 1);
    return planned.fault;
  }
}
