import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeStatus, makeTarget } from './lab/answers.ts';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { BLOATED, smallFleet } from './lab/fleet.ts';

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

const button = (name: string) => open.page.getByRole('button', { name, exact: true });
const posts = () => open.actuator.requests.filter((request) => request.startsWith('POST'));

it('says what a restart will do, and sends it only after the name was typed', async () => {
  open = await lab.open();
  await button('worker.1').click();
  await open.page.locator('.checks').waitFor();
  await button('Restart …').click();
  const question = open.page.getByRole('dialog', { name: 'Restart worker.1 of shop?' });
  const text = await question.textContent();
  expect(text).toContain('Drains worker.1 for up to 2 min, then sends one restart.');
  expect(text).toContain('3 jobs run now.');
  expect(text).toContain('It gives back about 390 MB.');
  expect(await button('Restart').isDisabled()).toBe(true);
  await open.page.keyboard.type('worker.2');
  expect(await button('Restart').isDisabled()).toBe(true);
  await open.page.getByLabel('Type worker.1 to confirm').fill('worker.1');
  await open.page.keyboard.press('Enter');
  await expect.poll(posts).toEqual(['POST /api/dynos/shop/worker.1/restart']);
  await open.page.getByText('The restart of worker.1 has begun.').waitFor();
});

it('changes nothing when the question is cancelled or left by Escape', async () => {
  open = await lab.open();
  await button('Pause all').click();
  await button('Cancel').click();
  await button('Pause all').click();
  await open.page.keyboard.press('Escape');
  await expect.poll(() => open.page.getByRole('dialog').count()).toBe(0);
  expect(posts()).toEqual([]);
});

it('pauses all targets, and one', async () => {
  open = await lab.open();
  await button('Pause all').click();
  await button('Pause').click();
  await expect.poll(() => open.actuator.posts).toEqual(['{"target":null}']);
  await button('Pause shop:mailer').click();
  await button('Pause').click();
  await expect.poll(() => open.actuator.posts).toEqual(['{"target":null}', '{"target":"shop:mailer"}']);
});

it('resumes what is paused, and says that this closes the breaker', async () => {
  const dynos = [BLOATED];
  const pause = { paused_by: 'all', paused_since_ms: Date.UTC(2026, 10, 29, 14, 2), pauser: 'ana@laptop' } as const;
  const targets = [makeTarget(pause)];
  open = await lab.open({ dynos, status: makeStatus(dynos, { targets }) });
  await open.page.getByText('Paused by ana@laptop since 14:02, with all targets.').waitFor();
  await button('Resume all').first().click();
  await open.page.getByText('An open breaker is closed.').waitFor();
  await button('Resume').last().click();
  await expect.poll(() => open.actuator.requests).toContain('POST /api/resume');
});

it('says why a request was refused', async () => {
  open = await lab.open();
  await button('Pause all').click();
  open.actuator.script.refuseWith = 503;
  await button('Pause').click();
  await expect.poll(() => open.page.locator('.toast').textContent()).toBe('refused');
});

it('offers no change to who may only read', async () => {
  const dynos = smallFleet();
  open = await lab.open({ dynos, status: makeStatus(dynos, { read_only: true }) });
  await button('worker.1').click();
  await open.page.locator('.checks').waitFor();
  for (const name of ['Pause all', 'Pause', 'Restart …']) expect(await button(name).count()).toBe(0);
  expect(await open.page.locator('.read-only').textContent()).toBe('read-only');
});
