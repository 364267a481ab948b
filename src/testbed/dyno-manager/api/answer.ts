/** An answer of the API, and its effect. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Starts after the answer is sent: 202 means accepted, not done. */
  readonly effect?: () => void;
}

/** The platform's error ids by status (Platform API reference). */
const ERRORS: ReadonlyMap<number, readonly [id: string, message: string]> = new Map([
  [400, ['bad_request', 'Request invalid, validate usage and try again.']],
  [401, ['unauthorized', 'Invalid credentials provided.']],
  [402, ['delinquent', 'Account is delinquent, visit the billing page to update it.']],
  [403, ['forbidden', 'You do not have access to this app.']],
  [404, ['not_found', 'The requested API endpoint was not found.']],
  [405, ['method_not_allowed', 'This method is not allowed here.']],
  [406, ['not_acceptable', 'Send the header Accept: application/vnd.heroku+json; version=3.']],
  [409, ['conflict', 'The app is being changed by another request, try again later.']],
  [422, ['invalid_params', 'Request failed, validate parameters and try again.']],
  [
    429,
    ['rate_limit', 'Your account reached the API rate limit. Please wait a few minutes before making new requests.'],
  ],
  [500, ['internal_server_error', 'Internal server error.']],
  [503, ['service_unavailable', 'The API is not available, try again later.']],
]);

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function failure(
  status: number,
  details: { readonly resource?: string; readonly message?: string } = {},
): Answer {
  const [id, message] = ERRORS.get(status) ?? ['error', `Status ${status}.`];
  const url = status === 429 ? { url: 'https://devcenter.heroku.com/articles/platform-api-reference#rate-limits' } : {};
  return { status, body: { ...details, id, message: details.message ?? message, ...url } };
}
