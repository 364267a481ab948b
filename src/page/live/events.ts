import type { Attempt } from '../../web/schema/attempt.ts';
import type { Dyno } from '../../web/schema/dyno.ts';
import type { Status } from '../../web/schema/status.ts';

/** What the stream of `/api/events` sends; see web/schema/events.ts. */
export interface EventHandlers {
  /** @param isNew false: the stream goes on after a break, with what was missed or with a reset */
  onOpen(isNew: boolean): void;
  /** The stream broke off, or could not be opened. It is opened again by itself. */
  onBreak(): void;
  onReset(): void;
  onDynos(event: DynosEvent): void;
  onAttempt(attempt: Attempt): void;
  onStatus(status: Omit<Status, 'read_only'>): void;
}

interface DynosEvent {
  readonly changed: readonly (Partial<Dyno> & Pick<Dyno, 'app' | 'dyno' | 'process_type' | 'boot_id'>)[];
  readonly gone: readonly Pick<Dyno, 'app' | 'dyno'>[];
}

/** A browser reconnects by itself after a broken connection, with the last id; after a refusal it gives up. */
const REOPEN_MS = 15_000;

export function openEvents(handlers: EventHandlers): void {
  const source = new EventSource('/api/events');
  let isNew = true;
  source.addEventListener('open', () => {
    handlers.onOpen(isNew);
    isNew = false;
  });
  source.addEventListener('error', () => {
    handlers.onBreak();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => openEvents(handlers), REOPEN_MS);
  });
  const on = <Value>(name: string, handle: (value: Value) => void) =>
    source.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data) as Value));
  on('reset', handlers.onReset);
  on('dynos', handlers.onDynos);
  on('attempt', handlers.onAttempt);
  on('status', handlers.onStatus);
}
