import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../src/web/schema/status.ts';
import { makeStatus, makeTarget } from './lab/answers.ts';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { makeDyno, NOW_MS, smallFleet } from './lab/fleet.ts';

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

const HOLD_MS = NOW_MS + 720_000;
const platform = makeStatus([]).platform;

const FULL = {
  code: 'ledger-unavailable',
  until_ms: null,
  says: 'Redis is full: nothing is restarted',
  advice: 'free memory',
};

const STATES: readonly (readonly [name: string, over: Partial<Status>, says: string])[] = [
  ['standby', { leading: false, acting: false }, 'Another actuator leads and acts.'],
  ['no Redis', { ledger: 'unavailable' }, 'The ledger (Redis) cannot be read, so nothing is restarted.'],
  [
    'Redis takes no writes',
    { ledger: 'unavailable', acting: false, targets: [makeTarget({ restarts: 'off', obstacles: [FULL] })] },
    'Redis is full: nothing is restarted. Measurements are still taken.Free memory.',
  ],
  ['no Redis set', { ledger: 'not-configured' }, 'Set REDIS_URL in the actuator.'],
  ['held', { targets: [makeTarget({ held_until_ms: HOLD_MS })] }, 'shop:worker is held until 14:32'],
  [
    'a target paused',
    { targets: [makeTarget({ paused_by: 'target' }), makeTarget({ target: 'b:c' })] },
    'shop:worker is paused',
  ],
  [
    'breaker open',
    { targets: [makeTarget({ breaker: { open_until_ms: HOLD_MS, reason: null } })] },
    'is open until 14:32',
  ],
  ['platform refuses', { platform: { ...platform, refuses: 'too many calls' } }, 'It said: too many calls.'],
  ['no platform', { platform: { ...platform, configured: false } }, 'Set HEROKU_API_TOKEN in the actuator.'],
  ['dry run', { acting: false, targets: [makeTarget({ dry_run: true })] }, 'set TIDEMARK_DRY_RUN=false'],
  [
    'refused points',
    {
      refused: [
        {
          app: 'blog',
          kind: 'no-token',
          count: 1204,
          first_ms: 0,
          last_ms: NOW_MS,
          says: 'unknown token',
          advice: 'set it',
        },
      ],
    },
    '1,204 refused from blog',
  ],
];

it.each(STATES)('says that it is: %s', async (_, over, says) => {
  const dynos = smallFleet();
  open = await lab.open({ dynos, status: makeStatus(dynos, over) });
  await expect.poll(() => open.page.locator('#banners').textContent()).toContain(says);
});

describe('without a dyno', () => {
  it("shows the two lines for the worker, with this actuator's address", async () => {
    open = await lab.open({ dynos: [] });
    await open.page.locator('.empty').waitFor();
    const lines = await open.page.locator('.empty pre').textContent();
    // The registry has no such package, so this would be somebody else's.
    expect(await open.page.locator('.empty').textContent()).not.toContain('npm install tidemark');
    expect(lines?.split('\n')).toHaveLength(2);
    expect(lines).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${open.actuator.url}`);
    expect(lines).toContain('--import tidemark/register');
  });

  it('becomes a curve when the first measurement comes', async () => {
    open = await lab.open({ dynos: [] });
    await open.page.locator('.empty').waitFor();
    const { curve: _, marks: __, ...first } = makeDyno();
    open.actuator.send('dynos', { changed: [first], gone: [] });
    await open.page.locator('.row canvas').waitFor();
    expect(await open.page.locator('.empty').isHidden()).toBe(true);
  });
});

it('says that the token is wrong, and what to do', async () => {
  open = await lab.open({ refuseWith: 401 });
  await expect.poll(() => open.page.locator('#banners').textContent()).toContain('The token is not accepted');
  expect(await open.page.locator('#banners').textContent()).toContain('TIDEMARK_ADMIN_TOKEN');
});

it('greys a silent dyno and gives the age of its numbers', async () => {
  open = await lab.open();
  const silent = open.page.locator('.row', { hasText: 'worker.4' });
  await expect.poll(() => silent.textContent()).toContain('Silent for 9 min: these numbers are old.');
  expect(await silent.getAttribute('data-stale')).toBe('true');
});

it('scores a dry run', async () => {
  const board = {
    since_ms: NOW_MS,
    would_have_restarted: 6,
    would_have_given_back_bytes: 2.3 * 1024 ** 3,
    over_limit_ms: 5_400_000,
  };
  const targets = [makeTarget({ dry_run: true, scoreboard: board })];
  open = await lab.open({ dynos: smallFleet(), status: makeStatus(smallFleet(), { targets }) });
  const text = () => open.page.locator('.scoreboard').textContent();
  await expect.poll(text).toContain('6restarts it would have made');
  expect(await text()).toContain('2.3 GB');
  expect(await text()).toContain('1 h 30 min');
});
