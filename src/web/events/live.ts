import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'hono';
import type { ActuatorEvent } from '../../ports.ts';
import { VERSION } from '../../shared/version.ts';
import { isReadOnly } from '../admission.ts';
import type { ActuatorControl } from '../control.ts';
import { closeConnection } from '../http-server.ts';
import type { Dyno } from '../schema/dyno.ts';
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
  readonly answer: (context: Context) => Promise<Response>;
  /** To be called for each event of the actuator. Does not throw. */
  readonly onEvent: (event: ActuatorEvent) => Promise<void>;
  /** To be called when the loop has looked at all dynos. Resolves when all of them have been looked at here. */
  readonly onTick: () => Promise<void>;
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
  const look = async (isPublished: boolean) => {
    for (const event of changes.look(shown(control))) {
      if (event === null) await nextTurn();
      else if (isPublished) hub.publish('dynos', event);
    }
    const status = await showStatus(control, VERSION);
    const gist = gistOf(status);
    if (isPublished && gist !== statusBefore) hub.publish('status', status);
    statusBefore = gist;
  };
  let looks: Promise<void> = Promise.resolve();
  /** After the one before: of two at a time each would miss what the other one finds. */
  const lookNext = (isPublished: boolean) => {
    const looked = looks.then(() => look(isPublished));
    looks = looked.catch(() => undefined);
    return looked;
  };
  let begun: Promise<void> = Promise.resolve();
  const hub = new EventHub(() => {
    begun = lookNext(false);
  }, options);
  return {
    answer: async (context) => {
      const reader = { isReadOnly: isReadOnly(context), cut: () => closeConnection(context) };
      const stream = hub.open(context.req.header('last-event-id') ?? null, reader);
      // All dynos are looked at before the stream answers, so that nothing is missed between the lists that a reader
      // asks for next and the tick.
      await begun;
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
    onTick: async () => {
      if (hub.isWatched) await lookNext(true);
    },
    close: () => hub.close(),
  };
}

function* shown(control: ActuatorControl): Generator<readonly Dyno[]> {
  for (const part of control.dynosInParts()) yield part.map(showDyno);
}

/** What must differ for a status to be news: the clock always does. */
function gistOf({ now_ms: _, ...status }: Awaited<ReturnType<typeof showStatus>>): string {
  return JSON.stringify(status);
}
