import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { DynoNews } from '../../ports.ts';

/** Heroku's app webhooks (Dev Center, "App Webhooks" and "Webhook Dyno Events"). */

/**
 * Whether the body was signed with the secret of the subscription: HMAC-SHA256 of its raw bytes, in base64. Takes the
 * same time for every signature of the right length.
 */
export function isSigned(body: Uint8Array, signature: string, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const text = z.string().min(1).max(200);
const time = z
  .string()
  .max(100)
  .transform((value) => Date.parse(value))
  .refine((ms) => !Number.isNaN(ms), 'is no time');

/**
 * What both subscriptions send: `api:dyno` has the dyno as the Platform API shows it, `dyno` leaves `type` and
 * `created_at` out.
 */
const dynoEvent = z.object({
  resource: z.literal('dyno'),
  action: z.enum(['create', 'update', 'destroy']),
  created_at: time,
  data: z.object({
    app: z.object({ name: text }),
    id: text,
    name: text,
    type: text.nullish(),
    state: text,
    size: text.nullish(),
    created_at: time.nullish(),
    release: z.object({ version: z.number().int().nullish() }).nullish(),
  }),
});

/** `worker.1` (Cedar), `worker-23z34x56y-w78k9` (Fir). */
const DYNO_NAME = /^(.+?)(?:\.\d+|-[0-9a-z]+-[0-9a-z]{5})$/;

/** What the event says of a dyno; null where it is about something else, or not of the documented form. */
export function readNews(body: Uint8Array): DynoNews | null {
  const event = dynoEvent.safeParse(parseJson(body)).data;
  if (event === undefined) return null;
  const { data } = event;
  const processType = data.type ?? DYNO_NAME.exec(data.name)?.[1];
  if (processType === undefined) return null;
  return {
    app: data.app.name,
    action: event.action,
    // `published_at` says the second only, and several events of a dyno fall into one.
    atMs: event.created_at,
    dyno: {
      id: data.id,
      name: data.name,
      processType,
      state: data.state,
      size: data.size ?? null,
      createdAtMs: data.created_at ?? null,
      releaseVersion: data.release?.version ?? null,
    },
  };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
