import type { RedisConnection } from '../connection/connection.ts';

const FRESH_MS = 60_000;

/** Checks that Redis does not drop the ledger when its memory is full. */
export interface EvictionWatch {
  /**
   * False where the policy is one of `allkeys-*`. Read at every connect, and at most a minute old. Throws
   * `LedgerUnavailable`.
   */
  isSafe(): Promise<boolean>;
}

export function watchEviction(
  connection: RedisConnection,
  log: (level: 'info' | 'warn', message: string) => void,
  monotonic: () => number,
): EvictionWatch {
  let last: { readonly policy: string | null; readonly readAtMs: number } | null = null;
  connection.onReady(() => {
    last = null;
  });

  return {
    async isSafe() {
      if (last === null || monotonic() - last.readAtMs >= FRESH_MS) {
        const policy = await readPolicy(connection);
        if (policy !== last?.policy) say(policy, log);
        last = { policy, readAtMs: monotonic() };
      }
      return last.policy === null || !last.policy.startsWith('allkeys-');
    },
  };
}

/** From INFO, because some services forbid CONFIG; null where it is missing. */
async function readPolicy(connection: RedisConnection): Promise<string | null> {
  const info = await connection.run('reading the eviction policy', (redis) => redis.info('memory'));
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null;
}

function say(policy: string | null, log: (level: 'info' | 'warn', message: string) => void): void {
  if (policy === null) {
    log(
      'warn',
      'Redis does not report its maxmemory-policy. It must be noeviction or volatile-*; ' +
        'otherwise Redis may drop the ledger',
    );
  } else if (policy.startsWith('allkeys-')) {
    log(
      'warn',
      `Redis has the maxmemory-policy ${policy}, which may drop the ledger, so Tidemark restarts nothing. ` +
        'Set it to noeviction',
    );
  }
}
