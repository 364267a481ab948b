import type { Context } from 'hono';
import { BodyBytes } from '../access/body-bytes.ts';
import type { ActuatorControl } from './control.ts';
import { type Handlers, ok, refusal } from './handlers.ts';

/** An event of a dyno takes about 2 kB. */
const MAX_BODY_BYTES = 64 * 1024;
/**
 * Bodies that are read at the same time. Their senders are not authenticated yet: beyond it, the one that has been read
 * for longest gives way, because Heroku's arrive at once, and those that never end must not shut them out.
 */
const MAX_AT_ONCE = 100;
/** Base64 of 32 bytes. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Takes what Heroku reports of dynos. Answers 202 to everything that Heroku signed, because it repeats a refused event
 * for days.
 */
export function webhooks({ herokuWebhooks }: ActuatorControl): Pick<Handlers, 'herokuWebhook'> {
  /** In the order of their beginning. */
  const reading = new Set<BodyReader>();
  return {
    herokuWebhook: async (context) => {
      const closed = herokuWebhooks.closed();
      if (closed === 'not-configured') return NOT_CONFIGURED;
      const signature = context.req.header('Heroku-Webhook-Hmac-SHA256');
      if (signature === undefined || !SIGNATURE.test(signature)) return NOT_SIGNED;
      if (closed === 'standby') return STANDBY;
      const body = await readBody(context, reading);
      if (!(body instanceof Uint8Array)) return body;
      const heard = herokuWebhooks.take(body, signature);
      return heard === 'bad-signature' ? BAD_SIGNATURE : { ...ok({ heard }), status: 202 };
    },
  };
}

const NOT_CONFIGURED = refusal(404, 'not-found', 'TIDEMARK_WEBHOOK_SECRET or HEROKU_API_TOKEN is not set.');
const NOT_SIGNED = refusal(401, 'unauthorized', 'The header Heroku-Webhook-Hmac-SHA256 is required.');
const BAD_SIGNATURE = refusal(403, 'forbidden', 'The body was not signed with TIDEMARK_WEBHOOK_SECRET.');
const TOO_LONG = refusal(413, 'too-long', `The body is longer than ${MAX_BODY_BYTES} bytes.`);
const STANDBY = refusal(503, 'standby', 'Another actuator leads: send it again.');
const GAVE_WAY = refusal(503, 'busy', 'Too many webhooks at once: send it again.');

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** The raw bytes, which were signed; else the answer. */
async function readBody(context: Context, reading: Set<BodyReader>) {
  if (Number(context.req.header('content-length') ?? 0) > MAX_BODY_BYTES) return TOO_LONG;
  const reader = context.req.raw.body?.getReader();
  const body = new BodyBytes();
  if (reader === undefined) return body.all();
  const [longest] = reading;
  if (longest !== undefined && reading.size >= MAX_AT_ONCE) leave(longest, reading);
  reading.add(reader);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (!reading.has(reader)) return GAVE_WAY;
      if (done) return body.all();
      if (body.length + value.length > MAX_BODY_BYTES) return TOO_LONG;
      body.add(value);
    }
  } finally {
    leave(reader, reading);
  }
}

/** Ends the reading: what still waits for a piece gets none. */
function leave(reader: BodyReader, reading: Set<BodyReader>): void {
  reading.delete(reader);
  reader.cancel().catch(() => undefined);
}
