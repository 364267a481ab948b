import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeAttempt, makeStatus, someJobs, someMemoryReport } from './lab/answers.ts';
import { LAB_LIMIT_MS, type Lab, openLab } from './lab/browser.ts';
import { makeDyno } from './lab/fleet.ts';

const HOSTILE = '<img src=x onerror="globalThis.owned = true"><script>globalThis.owned = true</script>';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterAll(() => lab?.close());

it('shows whatever senders name their apps, dynos, jobs and releases as plain text', async () => {
  const dynos = [
    makeDyno({ app: HOSTILE, dyno: HOSTILE, process_type: HOSTILE, release: HOSTILE, explanation: HOSTILE }),
  ];
  const [target] = someJobs();
  const jobs = (target?.jobs ?? []).map((job) => ({ ...job, name: HOSTILE, queue: HOSTILE, dynos: [] }));
  const open = await lab.open({
    dynos,
    jobs: target === undefined ? [] : [{ ...target, app: HOSTILE, jobs: jobs.slice(0, 1) }],
    attempts: [
      makeAttempt({
        dyno: HOSTILE,
        says: HOSTILE,
        evidence: HOSTILE,
        explanation: HOSTILE,
        memory_report: someMemoryReport().map((process) => ({
          ...process,
          sites: [{ function_name: HOSTILE, place: HOSTILE, caller: HOSTILE, bytes: 1 }],
        })),
      }),
    ],
    status: makeStatus(dynos, {
      refused: [{ app: HOSTILE, kind: HOSTILE, count: 1, first_ms: 0, last_ms: 0, says: HOSTILE, advice: HOSTILE }],
    }),
  });
  await open.page.locator('.row').first().waitFor();
  await open.page.locator('.timeline summary').click();
  await open.page.locator('.entry-content canvas').first().waitFor();
  await open.page.locator('.row .name').first().click();
  await open.page.locator('.checks').waitFor();
  expect(await open.page.locator('dialog.dyno h2').textContent()).toBe(HOSTILE);
  expect(await open.page.locator('img').count()).toBe(0);
  expect(await open.page.evaluate(() => (globalThis as { owned?: boolean }).owned)).toBeUndefined();
  expect(open.problems).toEqual([]);
  await open.close();
});

it('opens nothing for an address that names no dyno, however it is written', async () => {
  const open = await lab.open({}, { path: '/#dyno/%E0%A4%A/%00' });
  await open.page.locator('.row').first().waitFor();
  expect(await open.page.getByRole('dialog').count()).toBe(0);
  expect(open.problems).toEqual([]);
  await open.close();
});
