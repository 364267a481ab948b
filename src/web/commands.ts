import type { Context } from 'hono';
import { auth as basicCredentials } from 'hono/utils/basic-auth';
import { matchesAny, parseTarget, type Target, targetKey } from '../model/target.ts';
import { MAX_PERSON_LENGTH, personOf } from '../model/text/person.ts';
import type { ActuatorControl, RestartRequestAnswer } from './control.ts';
import { type Handlers, MAX_NAME_LENGTH, ok, parseJson, refusal } from './handlers.ts';
import { TargetRequest } from './schema/routes.ts';

/** How a person steers. */
export function commands(control: ActuatorControl): Pick<Handlers, 'restart' | 'pause' | 'resume'> {
  return {
    restart: async (context) => {
      const { app, dyno } = dynoIn(context);
      const answer = await control.restart(app, dyno);
      if (answer.ok) {
        const { attemptId, dryRun, heldBy } = answer;
        return { status: 202, body: { attempt_id: attemptId, dry_run: dryRun, held_by: heldBy } };
      }
      const { status, message } = REFUSALS[answer.why];
      return refusal(status, answer.why, message);
    },
    pause: async (context) => {
      const asked = await requestIn(context.req.raw);
      if (asked === 'malformed') return BAD_REQUEST;
      const { target, by } = asked;
      await control.pause(target, by);
      return ok({ paused: nameOf(target), known: isKnown(control, target) });
    },
    resume: async (context) => {
      const asked = await requestIn(context.req.raw);
      if (asked === 'malformed') return BAD_REQUEST;
      const { target, by } = asked;
      await control.resume(target, by);
      return ok({ resumed: nameOf(target), known: isKnown(control, target) });
    },
  };
}

const BAD_REQUEST = refusal(
  400,
  'bad-request',
  'The body is {"target": "app:type", "by": "a name"}, each optional, or empty. ' +
    `A name has at most ${MAX_PERSON_LENGTH} characters.`,
);

function dynoIn(context: Context): { readonly app: string; readonly dyno: string } {
  const { app = '', dyno = '' } = context.req.param();
  // A longer name is no dyno's: what it begins with is not looked for.
  return app.length > MAX_NAME_LENGTH || dyno.length > MAX_NAME_LENGTH ? { app: '', dyno: '' } : { app, dyno };
}

interface SteeringRequest {
  /** Null: all targets. */
  readonly target: Target | null;
  readonly by: string | null;
}

async function requestIn(request: Request): Promise<SteeringRequest | 'malformed'> {
  const text = await request.text();
  const { data } = TargetRequest.safeParse(text.trim() === '' ? {} : parseJson(text));
  if (data === undefined) return 'malformed';
  // In a browser any user name goes with the token: people can give their own.
  const by = personOf(data.by ?? basicCredentials(request)?.username);
  if (data.target == null) return { target: null, by };
  const target = parseTarget(data.target);
  return target === null ? 'malformed' : { target, by };
}

function nameOf(target: Target | null): string {
  return target === null ? 'all' : targetKey(target);
}

/**
 * A dyno of it has reported, or the allow-list may mean it. A misspelt name is neither, and its pause would stop
 * nothing.
 */
function isKnown(control: ActuatorControl, target: Target | null): boolean {
  if (target === null) return true;
  const allowed = control.standings().map((standing) => standing.target);
  return matchesAny(allowed, target, null) || control.hasReported(target);
}

type Refusal = Extract<RestartRequestAnswer, { ok: false }>['why'];

const REFUSALS: Readonly<Record<Refusal, { readonly status: 403 | 404 | 409 | 503; readonly message: string }>> = {
  'unknown-dyno': { status: 404, message: 'The platform lists no such dyno.' },
  'not-allowed': { status: 403, message: 'The dyno is not on the allow-list (TIDEMARK_TARGETS).' },
  paused: { status: 409, message: 'Restarts are paused; resume them first.' },
  'ledger-hold': { status: 409, message: 'The ledger is new, so restarts are held for a while.' },
  'breaker-open': {
    status: 409,
    message: 'The breaker is open: the last restarts gave nothing back or failed. Resume to close it.',
  },
  budget: { status: 409, message: "The target's restarts of this hour are used up." },
  cooldown: { status: 409, message: 'The target is in its cooldown.' },
  'attempt-open': { status: 409, message: 'Another restart of this target is on its way.' },
  'boot-spent': { status: 409, message: 'This boot has been restarted already.' },
  'eviction-policy': {
    status: 409,
    message: 'The Redis of the ledger may evict keys (allkeys-*); set its maxmemory-policy to noeviction.',
  },
  'ledger-unavailable': {
    status: 503,
    message:
      'The ledger (Redis) cannot be reached or written ("tidemark status" says why); nothing is restarted without it.',
  },
  'platform-unavailable': { status: 503, message: 'The platform cannot be read.' },
};
