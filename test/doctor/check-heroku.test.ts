import { afterEach, expect, it } from 'vitest';
import { createHerokuPlatform } from '../../src/adapters/heroku/platform.ts';
import { checkHeroku } from '../../src/doctor/check-heroku.ts';
import type { Permissions } from '../../src/model/policy.ts';
import { parseTargetPatterns } from '../../src/model/target.ts';
import type { DynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import type { DynoManagerOptions } from '../../src/testbed/dyno-manager/options.ts';

const TOKEN = 'HRKU-doctor-token';
const IDLE = ['/bin/sleep', '100000'];

let manager: DynoManager | null = null;

afterEach(async () => {
  await manager?.stop();
  manager = null;
});

interface Case {
  readonly targets?: string;
  readonly ownApp?: string | null;
  readonly minHealthy?: number;
  readonly token?: string;
  readonly takesHttp?: boolean;
  readonly expectsWebhooks?: boolean;
  readonly maxTargets?: number;
  readonly manager?: Partial<DynoManagerOptions>;
}

async function check(one: Case) {
  manager = await startDynoManager({
    token: TOKEN,
    dynoSizes: [{ name: 'Mystery', memory: null as never }],
    apps: [
      {
        name: 'shop',
        formation: [
          { type: 'worker', quantity: 1, command: IDLE },
          { type: 'mailer', quantity: 2, size: 'Performance-L', command: IDLE },
          { type: 'off', quantity: 0, command: IDLE },
        ],
      },
      { name: 'tidemark', formation: [{ type: 'web', quantity: 2, command: IDLE }] },
      { name: 'shop-pr-7', formation: [{ type: 'worker', quantity: 2, command: IDLE }] },
    ],
    ...one.manager,
  });
  const parsed = parseTargetPatterns(one.targets ?? 'shop:mailer');
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const permissions: Permissions = { allowed: parsed.patterns, dryRun: true, ownApp: one.ownApp ?? null };
  const platform = createHerokuPlatform({ token: one.token ?? TOKEN, apiUrl: manager.url });
  const { minHealthy = 0, takesHttp = true, expectsWebhooks = false, maxTargets = 20 } = one;
  return checkHeroku({ platform, permissions, minHealthy, takesHttp, expectsWebhooks, maxTargets });
}

it.each<[string, Case, string, RegExp]>([
  ['whose token it is', {}, 'ok', /the token speaks for .+@/],
  ['a token that is wrong', { token: 'HRKU-other' }, 'fault', /unauthorized: .*authorizations:create/],
  [
    'a token that expires',
    { manager: { scopes: ['global'], tokenExpiresInS: 7 * 86_400 } },
    'warning',
    /the token expires in 7 d: after that nothing is restarted/,
  ],
  ['more than one web dyno of its own', { ownApp: 'tidemark' }, 'warning', /tidemark has 2 web dynos.*scatters/],
  ['an app of its own that it cannot see', { ownApp: 'hidden' }, 'ok', /cannot see how many web dynos hidden has/],
  ['an app without webhooks', { expectsWebhooks: true }, 'warning', /shop sends no webhooks to Tidemark/],
  [
    'an app with webhooks',
    { expectsWebhooks: true, manager: { webhook: { url: 'http://127.0.0.1:9/webhooks/heroku', secret: 's' } } },
    'ok',
    /shop sends webhooks about its dynos/,
  ],
  ['a long allow-list at a start', { targets: 'shop:mailer,shop:off', maxTargets: 1 }, 'ok', /1 more entries .* not/],
  ['a token without write', { manager: { scopes: ['read'] } }, 'ok', /may not list tokens/],
  ['a token that can do everything', { manager: { scopes: ['global'] } }, 'warning', /scope global/],
  ['size, quota and kill point', {}, 'ok', /shop:mailer: Performance-L, quota 14336 MB, .* 28672 MB/],
  [
    'a process type that is not there',
    { targets: 'shop:wroker' },
    'fault',
    /has no process type wroker.*worker, mailer/,
  ],
  ['an app that is not there', { targets: 'shpo:worker' }, 'fault', /not_found/],
  ['its own app', { targets: '.:worker', ownApp: 'shop' }, 'ok', /shop:worker: Standard-1X/],
  ['its own app, whose name is unknown', { targets: '.:worker' }, 'fault', /unknown: it allows nothing/],
  ['review apps', { targets: 'shop-pr-*:worker' }, 'ok', /shop-pr-7:worker: Standard-1X/],
  ['review apps where none exists', { targets: 'other-pr-*:worker' }, 'warning', /no app .* other-pr-\*/],
  ['a single dyno', { targets: 'shop:worker' }, 'warning', /single dyno.*wait in the queue/],
  ['a type scaled to nothing', { targets: 'shop:off' }, 'warning', /scaled to 0/],
  ['more healthy dynos than there are', { minHealthy: 2 }, 'fault', /never restarted/],
  [
    'calls that run out',
    { manager: { rateLimit: { capacity: 50, refillPerMinute: 0 } } },
    'warning',
    /only 4\d API calls/,
  ],
])('reports %s', async (_what, one, level, says) => {
  expect(await check(one)).toContainEqual(expect.objectContaining({ level, says: expect.stringMatching(says) }));
});

it('finds nothing wrong with two dynos and a narrow token, and sends no DELETE', async () => {
  const found = await check({});
  expect(found.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(manager?.log.filter(({ event }) => event === 'restart-requested')).toEqual([]);
});

it('says where a wrong token is mended, and not that Heroku may be down', async () => {
  const [wrong] = await check({ token: 'HRKU-other' });
  expect(wrong?.advice).toContain('HEROKU_API_TOKEN');
  expect(wrong?.advice).not.toContain('status.heroku.com');
});

it('never shows the token', async () => {
  expect(JSON.stringify([...(await check({})), ...(await check({ token: 'HRKU-wrong-token' }))])).not.toMatch(/HRKU-/);
});

it.each<[string, Case]>([
  ['where the measurements come by Redis', { ownApp: 'tidemark', takesHttp: false }],
  ['of one web dyno', { ownApp: 'shop' }],
])('says nothing of web dynos %s', async (_what, one) => {
  expect((await check(one)).filter(({ says }) => says.includes('web dynos'))).toEqual([]);
});
