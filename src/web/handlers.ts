import type { Context } from 'hono';
import { errorBody } from './schema/errors.ts';
import type { Answer, ROUTES, Route } from './schema/routes.ts';

type Handler<R extends Route> = (context: Context) => Answer<R> | Promise<Answer<R>>;

/** One for each route: a route without one, or an answer that it does not declare, does not compile. */
export type Handlers = { readonly [Name in keyof typeof ROUTES]: Handler<(typeof ROUTES)[Name]> };

/** Characters. Heroku's longest names are process types, of 128. */
export const MAX_NAME_LENGTH = 200;

/** Undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function ok<Body>(body: Body) {
  return { status: 200, body } as const;
}

export function refusal<Status extends number>(status: Status, code: string, message: string) {
  return { status, body: errorBody(code, message) };
}
