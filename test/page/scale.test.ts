import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { largeFleet } from './lab/fleet.ts';

const DYNOS = 500;
const WIRE_LIMIT_BYTES = 150 * 1024;

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

it('is under 150 KB over the wire, and asks nobody else for anything', async () => {
  open = await lab.open({ dynos: [] });
  await open.page.locator('.empty').waitFor();
  const files = await open.page.evaluate(() =>
    [
      ...(performance.getEntriesByType('navigation') as PerformanceResourceTiming[]),
      ...(performance.getEntriesByType('resource') as PerformanceResourceTiming[]),
    ].map(({ name, transferSize }) => ({ name, transferSize })),
  );
  const page = files.filter(({ name }) => !name.includes('/api/'));
  expect(page.length).toBeGreaterThanOrEqual(4);
  expect(page.reduce((sum, { transferSize }) => sum + transferSize, 0)).toBeLessThan(WIRE_LIMIT_BYTES);
  expect(files.filter(({ name }) => !name.startsWith(open.actuator.url))).toEqual([]);
});

it('has no more elements with 500 dynos than with a screenful, wherever it is scrolled', async () => {
  open = await lab.open({ dynos: largeFleet(DYNOS) });
  await open.page.locator('.row').first().waitFor();
  const rows = () => open.page.locator('.row').count();
  expect(await rows()).toBeLessThan(30);
  await expect.poll(() => open.page.locator('#nav-dynos').textContent()).toBe('500');
  const height = await open.page.locator('.dyno-list').evaluate((list) => list.clientHeight);
  expect(height).toBeGreaterThan(10_000);
  for (const part of [0.2, 0.5, 0.9]) {
    await open.page.evaluate((top) => scrollTo(0, top), height * part);
    await expect.poll(rowsInWindow).toBeGreaterThan(3);
    expect(await rows()).toBeLessThan(30);
  }
});

it('makes no new elements while it is scrolled', async () => {
  open = await lab.open({ dynos: largeFleet(DYNOS) });
  await open.page.locator('.row').first().waitFor();
  const scrollThrough = () =>
    open.page.evaluate(async () => {
      for (let top = 0; top < 20_000; top += 400) {
        scrollTo(0, top);
        await new Promise(requestAnimationFrame);
      }
    });
  const canvases = () => open.page.evaluate(() => (globalThis as unknown as { made: number }).made);
  await open.page.evaluate(() => {
    const page = globalThis as unknown as { made: number };
    page.made = 0;
    const create = document.createElement.bind(document);
    document.createElement = ((name: string) => {
      if (name === 'canvas') page.made += 1;
      return create(name);
    }) as typeof document.createElement;
  });
  await scrollThrough();
  expect(await canvases()).toBeLessThan(15);
});

it('touches no row that stays in view while it is scrolled', async () => {
  open = await lab.open({ dynos: largeFleet(DYNOS) });
  await open.page.locator('.row').first().waitFor();
  await expect.poll(() => open.page.locator('#nav-dynos').textContent()).toBe('500');
  const touched = await open.page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    scrollTo(0, 5_000);
    await frame();
    await frame();
    let reads = 0;
    const read = Element.prototype.getAttribute;
    Element.prototype.getAttribute = function (this: Element, name: string) {
      if (this.closest('.row') !== null) reads += 1;
      return read.call(this, name);
    };
    // Less than a row, so that none comes in.
    for (let step = 0; step < 10; step += 1) {
      scrollBy(0, 1);
      await frame();
    }
    return reads;
  });
  expect(touched).toBe(0);
});

it('folds groups that are well, and lets trouble float to the top', async () => {
  const dynos = largeFleet(DYNOS).map((dyno) => (dyno.app === 'app-9' ? dyno : { ...dyno, ...well() }));
  open = await lab.open({ dynos });
  await open.page.locator('.row').first().waitFor();
  const groups = open.page.locator('.group');
  expect(await groups.first().textContent()).toContain('app-9 · worker');
  await open.page.keyboard.press('End');
  const folds = () => open.page.locator('.fold[aria-expanded="false"]').count();
  await expect.poll(folds).toBe(9);
});

/** Rows whose middle is in the window. */
function rowsInWindow(): Promise<number> {
  return open.page.evaluate(
    () =>
      [...document.querySelectorAll('.row')].filter((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      }).length,
  );
}

function well() {
  return { class: 'healthy', action: 'none', usage_bytes: 1, headroom_bytes: 1 } as const;
}
