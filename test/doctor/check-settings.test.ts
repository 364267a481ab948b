import { expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { checkSettings } from '../../src/doctor/check-settings.ts';

type Env = Readonly<Record<string, string>>;

const ARMED = { TIDEMARK_TARGETS: 'shop:worker', TIDEMARK_DRY_RUN: 'false', HEROKU_API_TOKEN: 'HRKU-t' };
const ON_A_DYNO = { ...ARMED, DYNO: 'web.1', TIDEMARK_INGEST_TOKENS: 'shop=t', TIDEMARK_ADMIN_TOKEN: 'a' };

it.each<[string, Env, string, RegExp]>([
  ['an empty allow-list', {}, 'warning', /TIDEMARK_TARGETS is empty/],
  ['dry run', { TIDEMARK_TARGETS: 'shop:worker' }, 'warning', /decides about shop:worker, but restarts nothing/],
  ['an own app without a name', { TIDEMARK_TARGETS: '.:worker' }, 'warning', /HEROKU_APP_NAME is not set/],
  ['what may be restarted', ARMED, 'ok', /shop:worker may be restarted/],
  ['what stays dry', { ...ARMED, TIDEMARK_DRY_RUN: 'shop-pr-*:worker' }, 'ok', /shop-pr-\*:worker stays dry/],
  ['a dyno without ingest tokens', { ...ON_A_DYNO, TIDEMARK_INGEST_TOKENS: '' }, 'fault', /none will arrive/],
  ['a dyno that nothing can reach', { ...ON_A_DYNO, DYNO: 'actuator.1' }, 'warning', /not a web dyno/],
  ['a web dyno that is one of several', { ...ON_A_DYNO, DYNO: 'web.2' }, 'warning', /this is web\.2.*scatters/],
  ['an API that nobody can ask', { ...ON_A_DYNO, TIDEMARK_ADMIN_TOKEN: '' }, 'warning', /TIDEMARK_ADMIN_TOKEN/],
  ['TLS that is not checked', { ...ARMED, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'fault', /read the token/],
  ['a platform that does not cycle', { ...ARMED, TIDEMARK_DYNO_CYCLE: 'off' }, 'ok', /TIDEMARK_DYNO_CYCLE=off/],
])('reports %s', (_what, env, level, says) => {
  const found = checkSettings(resolveActuatorSettings({ env, flags: {} }), env);
  expect(found).toContainEqual(expect.objectContaining({ level, says: expect.stringMatching(says) }));
});

it.each<[string, Env]>([
  ['on this machine', ARMED],
  ['on a web dyno with tokens', ON_A_DYNO],
  ['in the one-off dyno of `heroku run`', { ...ON_A_DYNO, DYNO: 'run.4711' }],
  [
    'on a plain dyno that reads the stream',
    { ...ON_A_DYNO, DYNO: 'actuator.1', TIDEMARK_SOURCE: 'redis', REDIS_URL: 'redis://h', TIDEMARK_INGEST_TOKENS: '' },
  ],
])('finds nothing wrong %s', (_what, env) => {
  const found = checkSettings(resolveActuatorSettings({ env, flags: {} }), env);
  expect(found.filter(({ level }) => level !== 'ok')).toEqual([]);
});
