import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPage } from '../../scripts/build/page.ts';
import { feed, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { redisDatabase } from '../redis-databases.ts';
import { LAB_LIMIT_MS, type Lab, openLab } from './lab/browser.ts';

const ADMIN_TOKEN = 'a-person';
const READ_TOKEN = 'a-reader';

let lab: Lab;
let actuator: RunningActuator;
let worker: { stop(): void };

beforeAll(async () => {
  // An actuator that runs from its sources serves what was built last.
  await buildPage(fileURLToPath(new URL('../../dist/site', import.meta.url)));
  [lab, actuator] = await Promise.all([
    openLab(),
    RunningActuator.start({
      TIDEMARK_REDIS_URL: redisDatabase('the page'),
      TIDEMARK_ADMIN_TOKEN: ADMIN_TOKEN,
      TIDEMARK_READ_TOKEN: READ_TOKEN,
      TIDEMARK_DRY_RUN: 'true',
    }),
  ]);
  worker = await feed(actuator, { name: 'worker.1', id: 'boot-1' }, (second) => 100 + Math.min(20, second));
}, LAB_LIMIT_MS);

afterAll(async () => {
  worker?.stop();
  await actuator?.stop();
  await lab?.close();
});

it('shows a dyno of a real actuator live, with the token as the password of Basic', async () => {
  const { page, problems, close } = await lab.visit(actuator.url, ADMIN_TOKEN);
  await page.locator('.row canvas').waitFor();
  await expect.poll(() => page.locator('#updated').textContent()).toBe('Live');
  expect(await page.locator('.row .name').textContent()).toBe('worker.1');
  await expect.poll(() => page.locator('.row .use').textContent()).toContain('120 MB');
  await page.locator('.row .name').click();
  await page.locator('.checks li').first().waitFor();
  expect(await page.locator('.life canvas').count()).toBe(2);
  expect(problems).toEqual([]);
  await close();
});

it('pauses and resumes a real actuator', async () => {
  const { page, problems, close } = await lab.visit(actuator.url, ADMIN_TOKEN);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await button('Pause all').click();
  await button('Pause').click();
  await expect.poll(() => page.locator('#banners').textContent()).toContain('with all targets');
  await button('Resume all').first().click();
  await button('Resume').click();
  await expect.poll(() => button('Pause all').count()).toBe(1);
  expect(problems).toEqual([]);
  await close();
});

it('offers no change to the read token of a real actuator', async () => {
  const { page, problems, close } = await lab.visit(actuator.url, READ_TOKEN);
  await page.locator('.row canvas').waitFor();
  expect(await page.getByRole('button', { name: 'Pause all' }).count()).toBe(0);
  expect(await page.locator('.read-only').isVisible()).toBe(true);
  expect(problems).toEqual([]);
  await close();
});
