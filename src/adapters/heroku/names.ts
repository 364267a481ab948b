import { BadInputError } from '../../model/errors.ts';

/** An app's name or id. */
const APP = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/**
 * `worker.1` (Cedar), or `worker-23z34x56y-w78k9` (Fir). A bare process type is neither: it might name more than one
 * dyno.
 */
const DYNO = /^[A-Za-z0-9_][\w-]{0,127}(\.\d{1,6}|-[0-9a-z]+-[0-9a-z]{5})$/;

/** The path of the app's resources; throws `BadInputError` where the name is empty or could lead elsewhere. */
export function appPath(app: string): string {
  if (!APP.test(app)) {
    throw new BadInputError(`"${app}" is no name of a Heroku app; nothing was sent. Give its name or its id.`);
  }
  return `/apps/${encodeURIComponent(app)}`;
}

/**
 * The path of one dyno; throws `BadInputError` where the name is not that of exactly one. An empty name would make this
 * the path of all dynos of the app, and a DELETE on it restarts them all.
 */
export function dynoPath(app: string, dyno: string): string {
  if (!DYNO.test(dyno)) {
    throw new BadInputError(
      `"${dyno}" is not the name of one Heroku dyno; nothing was sent. ` +
        'A dyno is named like "worker.1", as `heroku ps` lists it.',
    );
  }
  return `${appPath(app)}/dynos/${encodeURIComponent(dyno)}`;
}
