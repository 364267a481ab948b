import { expect, it } from 'vitest';
import { bannersOf, type Connection } from '../../../src/page/model/banners.ts';
import { makeStatus } from '../lab/answers.ts';
import { NOW_MS } from '../lab/fleet.ts';

const keysOf = (connection: Connection) => {
  const status = makeStatus([], { leading: false, acting: false });
  return bannersOf({ status, connection, heardAtMs: NOW_MS - 30_000, nowMs: NOW_MS }).map(({ key }) => key);
};

it('says that another actuator leads while it hears so, and not of one that is gone', () => {
  expect(keysOf('live')).toContain('standby');
  expect(keysOf('polling')).toContain('standby');
  expect(keysOf('lost')).not.toContain('standby');
});
