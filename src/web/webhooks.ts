import type { Context } from 'hono';
import { BodyBytes } from '../access/body-bytes.ts';
import type { ActuatorControl } from './control.ts';
import { type Handlers, ok, refusal } from './handlers.ts';

/** An event of a dyno takes about 2 kB. */
const MAX_BODY_BYTES = 64 * 1024;
/** Bodies that are read at the same time: their senders are not authenticated yet. */
const MAX_AT_ONCE = 100;
/** Base64 of 32 bytes. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Takes what Heroku reports of dynos. Answers 202 to everything that Heroku signed, because it repeats a refused event
 * for days.
 */
export function webhooks({ herokuWebhooks }: ActuatorControl): Pick<Handlers, 'herokuWebhook'> {
  let atOnce = 0;
  return {
    herokuWebhook: async (context) => {
      const closed = herokuWebhooks.closed();
      if (closed === 'not-configured') return NOT_CONFIGURED;
      const signature = context.req.header('Heroku-Webhook-Hmac-SHA256');
      if (signature === undefined || !SIGNATURE.test(signature)) return NOT_SIGNED;
      if (closed === 'standby') return STANDBY;
      if (atOnce >= MAX_AT_ONCE) return TOO_MANY;
      atOnce += 1;
      try {
        const body = await readBody(context);
        if (body === null) return TOO_LONG;
        const heard = herokuWebhooks.take(body, signature);
        return heard === 'bad-signature' ? BAD_SIGNATURE : { ...ok({ heard }), status: 202 };
      } finally {
        atOnce -= 1;
      }
    },
  };
}

const NOT_CONFIGURED = refusal(404, 'not-found', 'TIDEMARK_WEBHOOK_SECRET or HEROKU_API_TOKEN is not set.');
const NOT_SIGNED = refusal(401, 'unauthorized', 'The header Heroku-Webhook-Hmac-SHA256 is required.');
const BAD_SIGNATURE = refusal(403, 'forbidden', 'The body was not signed with TIDEMARK_WEBHOOK_SECRET.');
const TOO_LONG = refusal(413, 'too-long', `The body is longer than ${MAX_BODY_BYTES} bytes.`);
const STANDBY = refusal(503, 'standby', 'Another actuator leads: send it again.');
const TOO_MANY = refusal(503, 'busy', 'Too many webhooks at once: send it again.');

/** The raw bytes, which were signed; null if they are too many. */
async function readBody(context: Context): Promise<Uint8Array | null> {
  if (Number(context.req.header('content-length') ?? 0) > MAX_BODY_BYTES) return null;
  const body = new BodyBytes();
  for await (const piece of context.req.raw.body ?? []) {
    if (body.length + piece.length > MAX_BODY_BYTES) return null;
    body.add(piece);
  }
  return body.all();
}
