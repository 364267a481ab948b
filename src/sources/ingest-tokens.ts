import { bearerTokenOf, digestOf, isSameSecret } from '../access/credentials.ts';

/**
 * A token, and the app whose points it may deliver: a name, a name with a trailing `*` for any ending, or `*` for all.
 */
export interface IngestToken {
  readonly app: string;
  readonly token: string;
}

/** Who delivers points. What a sender may make the actuator hold is counted by it. */
export interface Sender {
  /** The same for every request with the same token. Not a secret. */
  readonly id: string;
  /** Whether it may speak for all apps, and for those whose app is unknown. */
  readonly speaksForAll: boolean;
  /** The one app that it may speak for; null where it may speak for several. */
  readonly onlyApp: string | null;
  /** Whether points of this app may be delivered. Null is the unknown app. */
  readonly mayDeliver: (app: string | null) => boolean;
}

/** A program on this machine, or one that may write to the queue's Redis. */
export const LOCAL_SENDER: Sender = { id: 'local', speaksForAll: true, onlyApp: null, mayDeliver: () => true };

/**
 * What a request's `Authorization` header is good for; null: nothing. Tokens are kept and compared as hashes, each of
 * them every time, so that the time taken says nothing about them. One token may be listed for several apps.
 */
export function createTokenCheck(tokens: readonly IngestToken[]): (authorization: string | null) => Sender | null {
  const entries = tokens.map(({ app, token }, index) => ({ app, digest: digestOf(token), id: `token ${index + 1}` }));
  return (authorization) => {
    const given = digestOf(bearerTokenOf(authorization) ?? '');
    const matching = entries.filter(({ digest }) => isSameSecret(given, digest));
    const [first] = matching;
    return first === undefined
      ? null
      : senderOf(
          first.id,
          matching.map(({ app }) => app),
        );
  };
}

function senderOf(id: string, apps: readonly string[]): Sender {
  if (apps.includes('*')) return { ...LOCAL_SENDER, id };
  const mayDeliver = (app: string | null) =>
    app !== null &&
    apps.some((granted) => (granted.endsWith('*') ? app.startsWith(granted.slice(0, -1)) : app === granted));
  const [first = '*', ...others] = apps;
  const onlyApp = others.length > 0 || first.endsWith('*') ? null : first;
  return { id, speaksForAll: false, onlyApp, mayDeliver };
}
