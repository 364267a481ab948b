import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { largeFleet } from './lab/fleet.ts';

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

const focused = () => open.page.evaluate(() => document.activeElement?.textContent ?? '');

it('reaches everything by Tab, the link past the header first', async () => {
  open = await lab.open();
  await open.page.locator('.row').first().waitFor();
  await open.page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the dynos');
  const seen = new Set<string>();
  for (let presses = 0; presses < 40; presses += 1) {
    await open.page.keyboard.press('Tab');
    seen.add(await focused());
  }
  for (const wanted of ['Pause all', 'worker.1', 'mailer.2', '24 h', 'Pause']) expect([...seen]).toContain(wanted);
});

it('moves through groups and dynos with the arrows and j k, opens with Enter, closes with Escape', async () => {
  open = await lab.open();
  await open.page.getByRole('button', { name: 'worker.1', exact: true }).focus();
  await open.page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('worker.3');
  await open.page.keyboard.press('j');
  expect(await focused()).toBe('worker.4');
  await open.page.keyboard.press('k');
  await open.page.keyboard.press('ArrowUp');
  await open.page.keyboard.press('ArrowUp');
  expect(await focused()).toBe('shop · worker');
  await open.page.keyboard.press('ArrowDown');
  await open.page.keyboard.press('Enter');
  await open.page.getByRole('dialog', { name: 'worker.1' }).waitFor();
  await open.page.keyboard.press('Escape');
  await expect.poll(() => open.page.getByRole('dialog').count()).toBe(0);
  await expect.poll(focused).toBe('worker.1');
});

it('goes to the worst dyno by j where nothing has the focus, and types a j where the filter has it', async () => {
  open = await lab.open();
  await open.page.locator('.row').first().waitFor();
  await open.page.keyboard.press('j');
  expect(await focused()).toBe('worker.1');
  await open.page.keyboard.press('/');
  await open.page.keyboard.press('j');
  expect(await open.page.getByLabel('Filter the dynos').inputValue()).toBe('j');
});

it('opens the same dyno a second time', async () => {
  open = await lab.open();
  const name = open.page.getByRole('button', { name: 'worker.1', exact: true });
  for (let time = 0; time < 2; time += 1) {
    await name.click();
    await open.page.getByRole('dialog', { name: 'worker.1' }).waitFor();
    await open.page.keyboard.press('Escape');
    await expect.poll(() => open.page.getByRole('dialog').count()).toBe(0);
  }
});

it('filters after a slash, over app, name and class', async () => {
  open = await lab.open();
  await open.page.locator('.row').first().waitFor();
  await open.page.keyboard.press('/');
  await open.page.keyboard.type('leak');
  await expect.poll(() => open.page.locator('.row .name').allTextContents()).toEqual(['worker.3']);
  expect(await open.page.locator('.filter-count').textContent()).toBe('1 dyno found');
});

it('sorts by what is chosen', async () => {
  open = await lab.open();
  await open.page.locator('.row').first().waitFor();
  await open.page.getByLabel('Sort the dynos').selectOption('jobs');
  await expect.poll(() => open.page.locator('.row .name').first().textContent()).toBe('worker.2');
});

it('walks down hundreds of dynos by the arrow key alone', async () => {
  open = await lab.open({ dynos: largeFleet(500) });
  await open.page.getByRole('button', { name: 'worker.4', exact: true }).first().focus();
  for (let presses = 0; presses < 30; presses += 1) await open.page.keyboard.press('ArrowDown');
  const inWindow = await open.page.evaluate(() => {
    const box = document.activeElement?.getBoundingClientRect();
    return box !== undefined && box.top > 0 && box.bottom < innerHeight;
  });
  expect(inWindow).toBe(true);
  expect(await focused()).toMatch(/^worker\.\d+$/);
});
