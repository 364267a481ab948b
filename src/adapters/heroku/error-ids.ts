/** What one of the platform's error ids means, and what a person can do. */
interface ErrorMeaning {
  readonly status: number;
  readonly advice: string;
}

/**
 * The ids of the Platform API's error responses (Dev Center, "Platform API Reference", "Error responses"), with
 * `two_factor`, `internal_server_error` and `service_unavailable`, which clients have seen. One that is not listed is
 * passed on as it came.
 */
export const ERROR_IDS: Readonly<Record<string, ErrorMeaning>> = {
  bad_request: { status: 400, advice: 'this is a fault of Tidemark: report it with the request id in the log' },
  unauthorized: {
    status: 401,
    advice: 'HEROKU_API_TOKEN is wrong, expired or revoked: make one with `heroku authorizations:create -s read,write`',
  },
  two_factor: {
    status: 401,
    advice: 'the account requires a second factor: use a token from `heroku authorizations:create`',
  },
  delinquent: { status: 402, advice: "the account's invoice is not paid: its owner must settle it" },
  forbidden: {
    status: 403,
    advice: 'the token needs the scopes read and write, and its account access to the app (in Enterprise: operate)',
  },
  suspended: { status: 403, advice: 'the account or the app is suspended: its owner must write to Heroku' },
  not_found: { status: 404, advice: "there is no such thing, or the token's account cannot see it" },
  not_acceptable: { status: 406, advice: 'the API speaks another version: a newer Tidemark is needed' },
  conflict: { status: 409, advice: 'the app is being changed; the next chance comes after the cooldown' },
  gone: { status: 410, advice: 'it was deleted' },
  requested_range_not_satisfiable: { status: 416, advice: 'this is a fault of Tidemark: report it' },
  invalid_params: { status: 422, advice: 'this is a fault of Tidemark: report it with the request id in the log' },
  verification_needed: { status: 422, advice: 'the account must be verified, with a payment method, by its owner' },
  rate_limit: {
    status: 429,
    advice:
      'the account has used its calls of this hour (4,500, shared by all its tools): give Tidemark its own account',
  },
  internal_server_error: { status: 500, advice: 'the platform has a fault: see status.heroku.com' },
  service_unavailable: { status: 503, advice: 'the platform is in maintenance: see status.heroku.com' },
};

/** The platform's own words, and what can be done. */
export function withAdvice(errorId: string, message: string): string {
  const meaning = Object.hasOwn(ERROR_IDS, errorId) ? ERROR_IDS[errorId] : undefined;
  return meaning === undefined ? message : `${message.replace(/\.$/, '')} (${meaning.advice})`;
}
