import { z } from 'zod';
import { MAX_PERSON_LENGTH } from '../../model/text/person.ts';
import { Attempt, AttemptDetail } from './attempt.ts';
import { Decision } from './decision.ts';
import { DynoDetail, DynoInList } from './dyno.ts';
import { ApiError } from './errors.ts';
import { TargetJobs } from './jobs.ts';
import { Health, Status } from './status.ts';
import { HEROKU_WEBHOOK_PATH } from './webhook-path.ts';

/** Of the API, not of the package: the first number changes when a field goes or changes its meaning. */
export const API_VERSION = '2.3.0';

/** One route: the app serves it, the document describes it, and the client calls it by this. */
export interface Route {
  readonly method: 'get' | 'post';
  /** With its parameters in braces. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** Open to everyone; otherwise the admin token is needed, or loopback where none is configured. */
  readonly isOpen?: true;
  /** Open to Heroku: the body must be signed. */
  readonly isSigned?: true;
  /** The parameters after the question mark, each of which may be left out. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** The request's body, which may be left out. */
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, z.ZodType>>;
}

export const Limit = z.int().min(1).max(1000).default(200).describe('How many entries are wanted at most.');
export const Cursor = z.string().max(600).describe('next_cursor of the answer before: what follows is wanted.');
export const CurvePoints = z
  .int()
  .min(0)
  .max(120)
  .default(0)
  .describe('How many moments the curves may have; 0: none.');

/** Strict: a misspelt key must not pause everything. */
export const TargetRequest = z
  .strictObject({
    target: z.string().max(200).nullish().describe('app:type; null or left out: all targets.'),
    by: z
      .string()
      .max(MAX_PERSON_LENGTH)
      .nullish()
      .describe('Who asks, for people to read; null or left out: the user name of Basic, if there is one.'),
  })
  .describe('Which target is meant, and who asks.');

const Unknown = z
  .boolean()
  .describe('False: nothing of that name has been seen, and no entry of TIDEMARK_TARGETS allows it.');

export const ROUTES = {
  health: {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process answers.',
    isOpen: true,
    answers: { 200: z.object({ status: z.literal('ok') }) },
  },
  ready: {
    method: 'get',
    path: '/readyz',
    summary: 'Whether it is ready, and whether restarts are on.',
    isOpen: true,
    answers: { 200: Health, 503: Health },
  },
  openapi: {
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document.',
    answers: { 200: z.looseObject({ openapi: z.string() }) },
  },
  status: {
    method: 'get',
    path: '/api/status',
    summary: 'How the actuator and each target stand, and which measurements were refused.',
    answers: { 200: Status },
  },
  dynos: {
    method: 'get',
    path: '/api/dynos',
    summary: 'The dynos that report, by app and name.',
    query: { limit: Limit, cursor: Cursor, curve: CurvePoints },
    answers: {
      200: z.object({
        dynos: z.array(DynoInList),
        total: z.number().describe('How many there are in all.'),
        next_cursor: z.string().nullable().describe('For the next page; null at the end.'),
      }),
      400: ApiError,
    },
  },
  dyno: {
    method: 'get',
    path: '/api/dynos/{app}/{dyno}',
    summary: 'One dyno, with its memory over time, and why it is or is not restarted.',
    answers: { 200: DynoDetail, 404: ApiError },
  },
  decisions: {
    method: 'get',
    path: '/api/decisions',
    summary: 'The decisions, newest first.',
    query: { limit: Limit },
    answers: { 200: z.object({ decisions: z.array(Decision) }), 400: ApiError },
  },
  attempts: {
    method: 'get',
    path: '/api/attempts',
    summary: 'The restarts under way, then the newest closed ones.',
    query: { limit: Limit },
    answers: { 200: z.object({ attempts: z.array(Attempt) }), 400: ApiError },
  },
  attempt: {
    method: 'get',
    path: '/api/attempts/{id}',
    summary: 'One restart, with the curves before and after it.',
    answers: { 200: AttemptDetail, 404: ApiError },
  },
  jobs: {
    method: 'get',
    path: '/api/jobs',
    summary: 'The job names of each target by net growth.',
    answers: { 200: z.object({ targets: z.array(TargetJobs) }) },
  },
  restart: {
    method: 'post',
    path: '/api/dynos/{app}/{dyno}/restart',
    summary: "A person's restart: skips detector, cooldown, budget and a spent boot, and nothing else.",
    answers: {
      202: z.object({
        attempt_id: z.string(),
        dry_run: z.boolean(),
        held_by: z
          .string()
          .nullable()
          .describe('The other actuator that follows the dyno and takes this up within 10 s; null: this one does.'),
      }),
      403: ApiError,
      404: ApiError,
      409: ApiError,
      503: ApiError,
    },
  },
  pause: {
    method: 'post',
    path: '/api/pause',
    summary: 'Stops all restarts, or those of one target.',
    body: TargetRequest,
    answers: {
      200: z.object({ paused: z.string().describe('app:type, or "all".'), known: Unknown }),
      400: ApiError,
      503: ApiError,
    },
  },
  resume: {
    method: 'post',
    path: '/api/resume',
    summary: 'Ends a pause and closes the breaker.',
    body: TargetRequest,
    answers: {
      200: z.object({ resumed: z.string().describe('app:type, or "all".'), known: Unknown }),
      400: ApiError,
      503: ApiError,
    },
  },
  herokuWebhook: {
    method: 'post',
    path: HEROKU_WEBHOOK_PATH,
    summary: "Takes Heroku's app webhooks api:dyno and dyno, signed with TIDEMARK_WEBHOOK_SECRET.",
    isSigned: true,
    answers: {
      202: z.object({ heard: z.string().describe('taken, late, outdated (it is read), not-watched, passed-on, ...') }),
      401: ApiError,
      403: ApiError,
      404: ApiError,
      413: ApiError,
      503: ApiError,
    },
  },
} as const satisfies Readonly<Record<string, Route>>;

/** One of the answers that a route declares. */
export type Answer<R extends Route> = {
  [Status in keyof R['answers'] & number]: { readonly status: Status; readonly body: z.output<R['answers'][Status]> };
}[keyof R['answers'] & number];
