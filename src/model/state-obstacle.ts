/** What keeps a Redis from holding Tidemark's state, in words that name no server and no app: `/readyz` shows them. */

export const STATE_OBSTACLES = {
  'login-refused': {
    says: 'Redis refuses the login',
    advice: 'correct the user name and password in the URL (TIDEMARK_REDIS_URL or REDIS_URL)',
  },
  'certificate-not-trusted': {
    says: 'the TLS certificate of Redis is not trusted',
    advice:
      'set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of its authority, or, if it is self-signed, with ' +
      'the certificate itself, before the process starts',
  },
  'certificate-of-another-host': {
    says: 'the TLS certificate of Redis is for another host name',
    advice: 'use in the URL a host name that the certificate has',
  },
  'no-tls': {
    says: 'Redis does not speak TLS on this port',
    advice: 'use redis:// in the URL, or the port on which it speaks TLS',
  },
  'no-database': {
    says: 'Redis does not open the database that the URL names',
    advice: 'correct the number at the end of the URL, or allow its user +select',
  },
  'too-many-connections': {
    says: 'Redis accepts no more connections',
    advice: 'close some (CLIENT LIST names them), raise maxclients, or choose a bigger plan',
  },
  loading: { says: 'Redis is loading its data', advice: 'wait: it takes commands when it has read its files' },
  cluster: {
    says: 'Redis is a cluster',
    advice: 'give TIDEMARK_REDIS_URL (REDIS_URL) a single Redis: the ledger cannot be kept in a Redis Cluster',
  },
  'too-old': { says: 'Redis is too old', advice: 'use Redis 5.0 or newer' },
  replica: {
    says: 'Redis is a replica',
    advice: 'give the URL of its master (INFO replication names it)',
  },
  full: { says: 'Redis is full', advice: 'free memory (INFO memory), or choose a bigger plan' },
  'cannot-save': {
    says: 'Redis cannot save to its disk and takes no writes',
    advice: 'read its log; free space on its disk',
  },
  'too-few-replicas': {
    says: 'Redis takes no writes without its replicas',
    advice: 'bring its replicas back, or lower min-replicas-to-write',
  },
  'no-permission': {
    says: 'Redis does not permit what Tidemark needs',
    advice: 'give its user the permissions under "Redis permissions" in docs/settings.md',
  },
  'no-command': {
    says: 'Redis lacks a command that Tidemark needs',
    advice: 'use a Redis that has all commands (none renamed), 5.0 or newer',
  },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly advice: string }>>;

export type StateObstacleCode = keyof typeof STATE_OBSTACLES;

export interface StateObstacle {
  readonly code: StateObstacleCode;
  /** What Redis, or the connection, said: for the log, not for everyone. */
  readonly detail: string;
}
