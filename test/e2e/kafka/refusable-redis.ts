import { Redis } from 'ioredis';

const USER = 'kafka-test';
const PASSWORD = 'kafka-test-passw0rd';
/** No other end-to-end test uses it. */
const DATABASE = 12;

/** Where the snapshot of a boot was read up to. */
interface SavedPlace {
  readonly partition: number;
  readonly offset: bigint;
}

/** The Redis of the actuators, by a user of its own that can be refused writes of snapshots, and of nothing else. */
export class RefusableRedis {
  readonly url: string;
  readonly #admin: Redis;

  private constructor(admin: Redis, url: string) {
    this.#admin = admin;
    this.url = url;
  }

  /** @param serverUrl of a Redis 7 or later that others may use at the same time */
  static async start(serverUrl: string): Promise<RefusableRedis> {
    const url = new URL(serverUrl);
    url.pathname = `/${DATABASE}`;
    const admin = new Redis(url.href);
    await admin.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    url.username = USER;
    url.password = PASSWORD;
    return new RefusableRedis(admin, url.href);
  }

  /** From now on no text can be written to `tidemark:boot...`. All else works: what reads it by a script, too. */
  async refuseSnapshots(): Promise<void> {
    await this.#admin.call('ACL', 'SETUSER', USER, '-set', '(+set ~tidemark:[^b]*)');
  }

  async allowSnapshots(): Promise<void> {
    await this.#admin.call('ACL', 'SETUSER', USER, 'clearselectors', '+@all');
  }

  /** Of the boots of an app. */
  async savedPlaces(app: string): Promise<readonly SavedPlace[]> {
    const keys = (await this.#admin.smembers('tidemark:boots')).map((boot) => `tidemark:boot:${boot}`);
    const texts = keys.length === 0 ? [] : await this.#admin.mget(keys);
    return texts.flatMap((text) => {
      const { boot, place } = JSON.parse(text ?? '{}');
      return boot?.identity?.app === app && place ? [{ partition: place.partition, offset: BigInt(place.offset) }] : [];
    });
  }

  async stop(): Promise<void> {
    await this.#admin.call('ACL', 'DELUSER', USER);
    this.#admin.disconnect();
  }
}
