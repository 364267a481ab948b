import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

it('opens the dyno that the address names, as a notice links to it', async () => {
  open = await lab.open({}, { path: '/#dyno/shop/worker.1' });
  const dialog = open.page.getByRole('dialog', { name: 'worker.1' });
  await open.page.locator('.checks').waitFor();
  const text = await dialog.textContent();
  expect(text).toContain('Restart at the next idle moment, by 14:32.');
  expect(text).toContain('3 jobs are running.By itself at 14:32, in 1');
  expect(text).toContain('import-records');
  expect(text).toContain('What the decision rests on');
  expect(text).toContain('lived 14 h');
});

it('draws memory and jobs on one time axis, and says in words what they show', async () => {
  open = await lab.open({}, { path: '/#dyno/shop/worker.1' });
  await open.page.locator('.checks').waitFor();
  const overs = await open.page
    .locator('.life-charts .u-over')
    .evaluateAll((nodes) => nodes.map((node) => [node.getBoundingClientRect().left, node.clientWidth]));
  expect(overs).toHaveLength(2);
  expect(overs[0]).toEqual(overs[1]);
  const label = await open.page.locator('.life').getAttribute('aria-label');
  expect(label).toMatch(/^Memory of worker\.1 from \d+ MB to \d+ MB, now \d+ MB, limit 512 MB, 2 events$/);
});

it('leads from a job to the dyno that it grew', async () => {
  open = await lab.open();
  await open.page.locator('.table-row').first().getByRole('button', { name: 'Open worker.1' }).click();
  await open.page.getByRole('dialog', { name: 'worker.1' }).waitFor();
});

it('opens a restart to its numbers, suspects and both curves', async () => {
  open = await lab.open();
  await open.page.locator('.timeline summary').first().click();
  await expect.poll(() => open.page.locator('.before-after canvas').count()).toBe(2);
  const text = await open.page.locator('.entry-content').first().textContent();
  for (const part of ['Gave back388 MB', 'Drain took3.4 s', 'import-records', 'Jobs running at its start3'])
    expect(text).toContain(part);
});

it('opens the restart of a leak to the functions that allocated it', async () => {
  open = await lab.open();
  await open.page.locator('.timeline summary').last().click();
  const report = open.page.locator('.memory-report');
  await report.waitFor();
  const text = await report.textContent();
  for (const part of [
    'JavaScript objects351 MB, 330 MB of it in old_space',
    'Buffers, other external memory21 MB',
    'Of what was allocated in the last 34 min, 22 MB were still in use. Allocated by:',
    'rememberRecords17 MBsrc/jobs/import-records.js:12:9',
    'memoize4.0 MBnode_modules/memo/index.js:40:3, called by priceOf (src/prices.js:8:17)',
  ])
    expect(text).toContain(part);
});

it('shows all rows at the moment under the pointer', async () => {
  open = await lab.open();
  const plots = open.page.locator('.row .u-over');
  await plots.nth(2).waitFor();
  await plots.first().hover({ position: { x: 40, y: 20 } });
  await expect.poll(() => open.page.locator('.row[data-hover]').count()).toBeGreaterThanOrEqual(4);
  const now = await open.page.locator('.row .share').first().textContent();
  await open.page.mouse.move(5, 5);
  await expect.poll(() => open.page.locator('.row[data-hover]').count()).toBe(0);
  expect(now).not.toBe('93 %');
  expect(await open.page.locator('.row .share').first().textContent()).toBe('93 %');
});

it('zooms all rows to what a drag selects, and back', async () => {
  open = await lab.open();
  const plot = open.page.locator('.row .u-over').first();
  const box = await plot.boundingBox();
  if (box === null) throw new Error('the first row has no curve');
  const ticks = () => open.page.locator('.tick').allTextContents();
  const before = await ticks();
  await open.page.mouse.move(box.x + 100, box.y + 20);
  await open.page.mouse.down();
  await open.page.mouse.move(box.x + 160, box.y + 20, { steps: 5 });
  await open.page.mouse.up();
  await expect.poll(ticks).not.toEqual(before);
  expect(await open.page.getByRole('dialog').count()).toBe(0);
  await open.page.getByRole('button', { name: 'Zoomed: back to now' }).click();
  await expect.poll(ticks).toEqual(before);
});
