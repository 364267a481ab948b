import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../src/attempt/attempt.ts';
import { MEMORY_CLASSES } from '../../src/model/decision.ts';
import { makeAttempt, makeStatus, makeTarget, someActuators, someAttempts } from './lab/answers.ts';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { makeDyno, smallFleet } from './lab/fleet.ts';

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const WAYS = [
  ['light', { ...DESKTOP, colorScheme: 'light' }],
  ['dark', { ...DESKTOP, colorScheme: 'dark' }],
  ['on a phone, light', { ...PHONE, colorScheme: 'light' }],
  ['on a phone, dark', { ...PHONE, colorScheme: 'dark' }],
] as const;

let lab: Lab;
let axe: string;

beforeAll(async () => {
  lab = await openLab();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
}, LAB_LIMIT_MS);
afterAll(() => lab?.close());

/** With everything on it at once: troubles, a restart under way, a dry run. */
function everything() {
  const fleet = smallFleet();
  const board = {
    since_ms: 0,
    would_have_restarted: 6,
    would_have_given_back_bytes: 2 ** 31,
    over_limit_ms: 7_200_000,
  };
  const targets = [
    makeTarget({
      breaker: { open_until_ms: Date.UTC(2026, 10, 29, 18), reason: 'useless' },
      dry_run: true,
      scoreboard: board,
    }),
    makeTarget({ target: 'shop:mailer', paused_by: 'target' }),
  ];
  const refused = [
    {
      app: 'blog',
      kind: 'no-token',
      count: 1204,
      first_ms: 0,
      last_ms: 0,
      says: 'the token is unknown',
      advice: 'set it',
    },
  ];
  const over = { targets, refused, actuators: someActuators(), leading: false, ledger: 'unavailable' } as const;
  const status = makeStatus(fleet, over);
  const open = makeAttempt({ id: 'open', phase: 'draining', outcome: null, jobs_now: 2, says: 'draining' });
  return { status, attempts: [open, ...someAttempts()] };
}

/** Rows exist near the window only. */
async function toDynos({ page }: OpenPage): Promise<void> {
  await page.evaluate(() => document.getElementById('dynos')?.scrollIntoView());
  await page.locator('.row').first().waitFor();
}

async function violationsIn({ page }: OpenPage): Promise<readonly string[]> {
  await page.evaluate(axe);
  const results: AxeResults = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
}

describe.each(WAYS)('the page, %s', (_, options) => {
  it('has no violation that axe-core finds, and no complaint of the browser', async () => {
    const open = await lab.open(everything(), options);
    await toDynos(open);
    await open.page.locator('.timeline summary').first().click();
    await open.page.locator('.entry-content canvas').first().waitFor();
    await open.page.locator('.timeline summary').last().click();
    await open.page.locator('.sites').waitFor();
    expect(await violationsIn(open)).toEqual([]);
    await toDynos(open);
    await open.page.locator('.row .name').first().click();
    await open.page.locator('.checks').waitFor();
    expect(await violationsIn(open)).toEqual([]);
    await open.page.getByRole('button', { name: 'Restart …' }).click();
    await open.page.locator('dialog.confirm').waitFor();
    expect(await violationsIn(open)).toEqual([]);
    expect(open.problems).toEqual([]);
    await open.close();
  });

  it('is never wider than the window', async () => {
    const open = await lab.open(everything(), options);
    await open.page.locator('.timeline summary').last().click();
    await open.page.locator('.sites').waitFor();
    await toDynos(open);
    const widths = () => open.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    const [page, window] = await widths();
    expect(page).toBe(window);
    await open.page.locator('.row .name').first().click();
    await open.page.locator('.checks').waitFor();
    const dialog = await open.page.evaluate(() => {
      const opened = document.querySelector('dialog.dyno');
      return opened === null ? null : [opened.scrollWidth, opened.clientWidth];
    });
    expect(dialog?.[0]).toBe(dialog?.[1]);
    await open.close();
  });

  it('cuts no text off in a row but its long sentences', async () => {
    const open = await lab.open(everything(), options);
    await toDynos(open);
    const cut = await open.page.evaluate(() =>
      [
        ...document.querySelectorAll<HTMLElement>(
          '.row .share, .row .badge, .row .name, .pill, .total b, .row .use .meta',
        ),
      ]
        .filter((node) => node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 2)
        .map((node) => node.textContent),
    );
    expect(cut).toEqual([]);
    await open.close();
  });
});

it('draws each shape that stands for a class, for who sees no colours', async () => {
  const dynos = MEMORY_CLASSES.map((one, index) => makeDyno({ dyno: `worker.${index}`, class: one }));
  const open = await lab.open({ dynos }, DESKTOP);
  await toDynos(open);
  await expect.poll(() => open.page.locator('.row .badge').count()).toBe(MEMORY_CLASSES.length);
  const drawn = await open.page.evaluate(() =>
    [...document.querySelectorAll('.row .badge use')].map((use) => {
      const symbol = document.querySelector(use.getAttribute('href') ?? '');
      return symbol?.innerHTML.trim() ?? '';
    }),
  );
  expect(drawn).not.toContain('');
  expect(new Set(drawn).size).toBe(MEMORY_CLASSES.length);
  await open.close();
});

it('shows every row of the whole fleet at its place, none over another', async () => {
  const open = await lab.open({}, WAYS[2][1]);
  await toDynos(open);
  const overflows = await open.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.row, .group')]
      .filter((node) => node.scrollHeight > node.clientHeight + 1)
      .map((node) => node.textContent),
  );
  expect(overflows).toEqual([]);
  await open.close();
});

it('shows on a phone the whole name of a group, and in one line who acts and how often it may', async () => {
  const dynos = [1, 2].map((number) => makeDyno({ app: 'my-app-pr-1234', dyno: `worker.${number}` }));
  const targets = [makeTarget({ target: 'my-app-pr-1234:worker' })];
  const open = await lab.open({ dynos, status: makeStatus(dynos, { targets }) }, WAYS[2][1]);
  await toDynos(open);
  const shown = await open.page.evaluate(() => {
    const pills = [...document.querySelectorAll<HTMLElement>('.pill')].filter((pill) => pill.offsetParent !== null);
    const cut = [...document.querySelectorAll<HTMLElement>('.group h3, .fold, .fold span')].filter(
      (node) => node.scrollWidth > node.clientWidth && node.clientWidth > 0,
    );
    return {
      pills: pills.map((pill) => pill.querySelector('b')?.textContent),
      lines: new Set(pills.map((pill) => pill.offsetTop)).size,
      cut: cut.map((node) => node.textContent),
    };
  });
  expect(shown).toEqual({ pills: ['leading', 'acting', '3 of 4 an hour'], lines: 1, cut: [] });
  await open.close();
});

it('breaks no name of a dyno on a phone for the outcome next to it', async () => {
  const of = { dyno: 'image-processing.12', claimed_at_ms: Date.UTC(2026, 10, 20, 12) };
  const useless = makeAttempt({ ...of, id: 'useless', is_useless: true });
  const attempts = [useless, ...OUTCOMES.map((outcome) => makeAttempt({ ...of, id: outcome, outcome }))];
  const open = await lab.open({ attempts }, WAYS[2][1]);
  await expect.poll(() => open.page.locator('.timeline b').count()).toBe(attempts.length);
  const broken = await open.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.timeline b')]
      .filter((name) => {
        const text = document.createRange();
        text.selectNodeContents(name);
        return text.getClientRects().length > 1;
      })
      .map((name) => name.closest('summary')?.textContent),
  );
  expect(broken).toEqual([]);
  await open.close();
});
