import type { Context } from 'hono';
import type { ActuatorEvent } from '../../ports.ts';
import { VERSION } from '../../shared/version.ts';
import { isReadOnly } from '../admission.ts';
import type { ActuatorControl } from '../control.ts';
import { closeConnection } from '../http-server.ts';
import { errorBody } from '../schema/errors.ts';
import { showAttempt } from '../show/attempt.ts';
import { showDecision } from '../show/decision.ts';
import { showDyno } from '../show/dyno.ts';
import { showStatus } from '../show/status.ts';
import { DynoChanges } from './dyno-changes.ts';
import { EventHub, type EventHubOptions } from './event-hub.ts';

/** What happens in the actuator, for everyone who watches. */
export interface Live {
  /** Answers `/api/events`. */
  readonly answer: (context: Context) => Response;
  /** To be called for each event of the actuator. Does not throw. */
  readonly onEvent: (event: ActuatorEvent) => Promise<void>;
  /** To be called when the loop has looked at all dynos. */
  readonly onTick: () => void;
  readonly close: () => void;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Kept alive after its end, it would hold the actuator's stop up.
  connection: 'close',
  // A proxy that collects the answer would hold events back.
  'x-accel-buffering': 'no',
};

export function createLive(control: ActuatorControl, options: Partial<EventHubOptions> = {}): Live {
  const changes = new DynoChanges();
  let statusBefore = '';
  const dynos = () => control.dynos().map(showDyno);
  const status = () => showStatus(control, VERSION);
  // Read when the stream opens, so that nothing is missed between the lists that a reader asks for next and the tick.
  const begin = () => {
    changes.rebase(dynos());
    statusBefore = gistOf(status());
  };
  const hub = new EventHub(begin, options);
  return {
    answer: (context) => {
      const reader = { isReadOnly: isReadOnly(context), cut: () => closeConnection(context) };
      const stream = hub.open(context.req.header('last-event-id') ?? null, reader);
      if (stream !== null) return new Response(stream, { headers: HEADERS });
      const message = 'Too many streams are open: poll the lists instead.';
      return context.json(errorBody('too-many-streams', message), 503, { 'retry-after': '30' });
    },
    onEvent: async (event) => {
      if (!hub.isWatched) return;
      if (event.type === 'decision') hub.publish('decision', showDecision({ ...event }));
      const id = event.type === 'attempt' ? event.attempt.id : event.type === 'reclaimed' ? event.attemptId : null;
      const detail = id === null ? null : await control.attempt(id);
      if (detail !== null) hub.publish('attempt', showAttempt(detail.record));
    },
    onTick: () => {
      if (!hub.isWatched) return;
      for (const event of changes.look(dynos())) hub.publish('dynos', event);
      const now = status();
      const gist = gistOf(now);
      if (gist !== statusBefore) hub.publish('status', now);
      statusBefore = gist;
    },
    close: () => hub.close(),
  };
}

/** What must differ for a status to be news: the clock always does. */
function gistOf({ now_ms: _, ...status }: ReturnType<typeof showStatus>): string {
  return JSON.stringify(status);
}
