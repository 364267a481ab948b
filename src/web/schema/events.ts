import { z } from 'zod';
import { Attempt } from './attempt.ts';
import { Decision } from './decision.ts';
import { Dyno } from './dyno.ts';
import { dynoIdentity } from './fields.ts';
import { Status } from './status.ts';

/**
 * The events of `/api/events`, by the name in their `event:` line; `data:` is JSON in one line. Open the stream first,
 * then read the lists: an event carries whole values, so applying one twice does no harm.
 */
export const EVENTS = {
  /** The first event of a stream that cannot go on from the given id: read all lists again. */
  reset: z.object({ why: z.string() }).describe('Read the lists again: what was sent before is not known any more.'),
  dynos: z
    .object({
      changed: z
        .array(Dyno.partial().extend(dynoIdentity))
        .describe('New dynos whole, known ones with the fields that changed. Another boot_id: a new boot, whole.'),
      gone: z.array(z.object({ app: dynoIdentity.app, dyno: dynoIdentity.dyno })),
    })
    .describe('What changed since the last event of this kind.'),
  decision: Decision.describe('A decision that differs from the last one about the boot.'),
  attempt: Attempt.describe('A restart that has moved, or whose result was learned.'),
  status: Status.omit({ read_only: true }).describe('How the actuator and each target stand; sent when that changes.'),
} as const;

export type EventName = keyof typeof EVENTS;
