import { LedgerUnavailable } from '../../model/errors.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { Leader } from '../../ports.ts';
import { embeddedLeaderKey, HOLD_LEAD, LEASE_MS } from '../../shared/leader-key.ts';
import { readMembers } from './connection/bounded-reads.ts';
import type { RedisConnection } from './connection/connection.ts';
import type { Keys } from './keys.ts';

/** Who holds which key. */
export interface LeaderSeat {
  readonly key: string;
  readonly id: string;
}

export interface LeaderOptions {
  readonly connection: RedisConnection;
  /** The key, and the value that stands for this actuator. */
  readonly seat: LeaderSeat;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  /** How long the key lives without renewal; it is renewed three times as often. */
  readonly leaseMs?: number;
}

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

export function createLeader({ connection, seat, log, leaseMs = LEASE_MS }: LeaderOptions): Leader {
  const listeners: (() => void)[] = [];
  let held: boolean | null = null;
  /** What the log says: a Redis that did not answer in between changes nothing. */
  let said: boolean | null = null;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  /** When the newest answered command that got or renewed the key was sent. An unanswered one ends no lead. */
  let heldSinceMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let trying: Promise<void> = Promise.resolve();

  const attempt = async () => {
    const before = held;
    const sentMs = performance.now();
    let hasLapsed = true;
    try {
      held = await holdLead(connection, seat, leaseMs);
      answeredAtMs = performance.now();
      if (held) {
        hasLapsed = answeredAtMs - heldSinceMs >= leaseMs;
        heldSinceMs = sentMs;
      }
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      if (held !== false || performance.now() - answeredAtMs >= leaseMs) held = null;
    }
    if (held !== null && held !== said) logLead(log, held);
    said = held ?? said;
    if (held === true && before !== true && hasLapsed) for (const listener of listeners) listener();
  };
  const tryNow = () => {
    trying = attempt();
  };

  return {
    isLeader: () => held ?? true,
    onLeading: (listener) => void listeners.push(listener),
    start() {
      if (timer !== undefined) return;
      connection.onReady(() => timer !== undefined && tryNow());
      timer = setInterval(tryNow, leaseMs / 3);
      tryNow();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await trying;
      if (held !== true) return;
      held = false;
      await giveBack({ connection, seat, log });
    },
  };
}

/** Takes the key or renews it; false while another actuator has it. Throws `LedgerUnavailable`. */
async function holdLead(connection: RedisConnection, { key, id }: LeaderOptions['seat'], leaseMs: number) {
  return (await connection.run('the leader key', (redis) => redis.eval(HOLD_LEAD, 1, key, id, leaseMs))) === 1;
}

/** A key that could not be given back expires with its lease. */
async function giveBack({ connection, seat: { key, id }, log }: LeaderOptions): Promise<void> {
  await connection
    .run('the leader key', (redis) => redis.eval(RELEASE, 1, key, id))
    .catch((error: unknown) => log('warn', `the leader key was not given back: ${String(error)}`));
}

function logLead(log: LeaderOptions['log'], isHeld: boolean): void {
  log('info', isHeld ? 'this actuator leads' : 'another actuator leads; this one stands by');
}

/** Whether a worker's process runs the actuator of a target. An answer is used for as long as a lead lasts. */
export function createInsideLeaders(connection: RedisConnection): (target: Target) => Promise<boolean> {
  const answers = new Map<TargetKey, { readonly atMs: number; readonly isLed: Promise<boolean> }>();
  return (target) => {
    const key = targetKey(target);
    const known = answers.get(key);
    if (known !== undefined && performance.now() - known.atMs < LEASE_MS) return known.isLed;
    const isLed = connection
      .run('the leader keys', (redis) => redis.exists(embeddedLeaderKey(target)))
      .then((found) => found > 0);
    if (answers.size >= MAX_RECORDS) answers.clear();
    answers.set(key, { atMs: performance.now(), isLed });
    isLed.catch(() => answers.delete(key));
    return isLed;
  };
}

/** Records whose leaders are looked for. */
const MAX_RECORDS = 1_000;

/** Whether an actuator leads on this Redis now: a service, or one inside the workers of a target with a record. */
export async function isLed(connection: RedisConnection, keys: Keys): Promise<boolean> {
  const what = 'the leader keys';
  const leaders = [keys.leader];
  for await (const records of readMembers(connection, what, keys.records)) {
    leaders.push(...records.flatMap((record) => keys.targetOf(record) ?? []).map(embeddedLeaderKey));
    if (leaders.length > MAX_RECORDS) break;
  }
  return (await connection.run(what, (redis) => redis.exists(...leaders))) > 0;
}
