import { bearerTokenOf, digestOf, isSecret } from '../access/credentials.ts';

/**
 * A token, and the app whose points it may deliver: a name, a name with a trailing `*` for any ending, or `*` for all.
 */
export interface IngestToken {
  readonly app: string;
  readonly token: string;
}

/** Whether points of this app may be delivered. Null is the unknown app. */
export type DeliveryGrant = (app: string | null) => boolean;

/** For a sender that may speak for all apps, and for those whose app is unknown. */
export const GRANT_ALL: DeliveryGrant = () => true;

/**
 * What a request's `Authorization` header is good for; null: nothing. Tokens are kept and compared as hashes, each of
 * them every time, so that the time taken says nothing about them. One token may be listed for several apps.
 */
export function createTokenCheck(
  tokens: readonly IngestToken[],
): (authorization: string | null) => DeliveryGrant | null {
  const entries = tokens.map(({ app, token }) => ({ app, digest: digestOf(token) }));
  return (authorization) => {
    const given = bearerTokenOf(authorization) ?? '';
    const apps = entries.filter(({ digest }) => isSecret(given, digest)).map(({ app }) => app);
    return apps.length === 0 ? null : grantFor(apps);
  };
}

function grantFor(apps: readonly string[]): DeliveryGrant {
  if (apps.includes('*')) return GRANT_ALL;
  return (app) =>
    app !== null &&
    apps.some((granted) => (granted.endsWith('*') ? app.startsWith(granted.slice(0, -1)) : app === granted));
}
