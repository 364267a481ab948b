import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeAttempt, makeStatus } from './lab/answers.ts';
import { LAB_LIMIT_MS, type Lab, type OpenPage, openLab } from './lab/browser.ts';
import { BLOATED, makeDyno, mb, NOW_MS } from './lab/fleet.ts';

let lab: Lab;
let open: OpenPage;

beforeAll(async () => {
  lab = await openLab();
}, LAB_LIMIT_MS);
afterEach(() => open?.close());
afterAll(() => lab?.close());

const row = (name: string) => open.page.locator('.row', { has: open.page.getByRole('button', { name, exact: true }) });

it('shows at once what the stream reports: usage, class, what happens next', async () => {
  open = await lab.open();
  await row('mailer.1').waitFor();
  const change = {
    ...identity('mailer.1', 'mailer'),
    usage_bytes: mb(500),
    headroom_bytes: mb(12),
    class: 'bloat',
    action: 'restart',
    next: { says: 'Restart begins now', at_ms: null },
    last_point_ms: NOW_MS + 10_000,
  };
  open.actuator.send('dynos', { changed: [change], gone: [] });
  await expect.poll(() => row('mailer.1').textContent()).toContain('98 %');
  const text = await row('mailer.1').textContent();
  expect(text).toContain('bloat');
  expect(text).toContain('12 MB free');
  expect(text).toContain('Restart begins now.');
});

it('greys a dyno that is gone, then drops it', async () => {
  open = await lab.open({}, { hasOwnClock: true });
  await row('mailer.2').waitFor();
  open.actuator.script.dynos = open.actuator.script.dynos.filter(({ dyno }) => dyno !== 'mailer.2');
  open.actuator.send('dynos', { changed: [], gone: [{ app: 'shop', dyno: 'mailer.2' }] });
  await expect.poll(() => row('mailer.2').getAttribute('data-gone')).toBe('true');
  await open.page.clock.fastForward(25_000);
  await expect.poll(() => row('mailer.2').count()).toBe(0);
});

it('shows a new dyno that the stream brings', async () => {
  open = await lab.open();
  await row('mailer.1').waitFor();
  open.actuator.send('dynos', {
    changed: [{ ...makeDyno({ dyno: 'worker.9' }), curve: undefined, marks: undefined }],
    gone: [],
  });
  await row('worker.9').waitFor();
  expect(open.problems).toEqual([]);
});

it('follows a restart step by step', async () => {
  open = await lab.open();
  await row('worker.1').waitFor();
  const moving = makeAttempt({ id: 'a9', phase: 'claimed', outcome: null, closed_at_ms: null, claimed_at_ms: NOW_MS });
  const now = () => open.page.locator('#live [aria-current="step"]').textContent();
  open.actuator.send('attempt', moving);
  await expect.poll(now).toBe('claimed');
  open.actuator.send('attempt', { ...moving, phase: 'draining', jobs_now: 2 });
  await expect.poll(now).toBe('draining, 2 of 3 jobs left');
  open.actuator.send('attempt', { ...moving, phase: 'sending' });
  await expect.poll(now).toBe('restart sent');
  open.actuator.send('attempt', { ...moving, phase: 'closed', outcome: 'restarted' });
  await expect.poll(() => open.page.locator('#live').isHidden()).toBe(true);
  expect(await open.page.locator('.timeline > li').first().textContent()).toContain('worker.1');
});

it('polls while there is no stream, and says so', async () => {
  open = await lab.open({ events: 'refuse' });
  await row('worker.1').waitFor();
  await expect.poll(() => open.page.locator('#updated').textContent()).toBe('Updated every 5 s');
  open.actuator.script.dynos = [makeDyno({ dyno: 'worker.1', usage_bytes: mb(256) })];
  await expect.poll(() => row('worker.1').textContent(), { timeout: 15_000 }).toContain('50 %');
  expect(await row('mailer.1').count()).toBe(0);
});

it('polls after the stream broke, and goes back to it', async () => {
  open = await lab.open();
  await expect.poll(() => open.page.locator('#updated').textContent()).toBe('Live');
  await row('worker.1').waitFor();
  const before = open.actuator.requests.filter((request) => request === 'GET /api/events').length;
  open.actuator.breakStreams();
  const streams = () => open.actuator.requests.filter((request) => request === 'GET /api/events').length;
  await expect.poll(streams, { timeout: 15_000 }).toBeGreaterThan(before);
  await expect.poll(() => open.page.locator('#updated').textContent(), { timeout: 15_000 }).toBe('Live');
});

it('reads everything again when the stream says that it cannot go on', async () => {
  open = await lab.open({ dynos: [] });
  await open.page.locator('.empty').waitFor();
  open.actuator.script.dynos = [BLOATED];
  open.actuator.send('reset', { why: 'the actuator began again' });
  await row('worker.1').waitFor();
});

it('says that the connection is lost, and that what is shown is old', async () => {
  open = await lab.open({ events: 'refuse' }, { hasOwnClock: true });
  await row('worker.1').waitFor();
  open.actuator.script.refuseWith = 500;
  await open.page.clock.fastForward(30_000);
  const banner = open.page.locator('.banner').first();
  await expect.poll(() => banner.textContent()).toContain('No connection');
  expect(await row('worker.1').count()).toBe(1);
});

it('keeps read-only when an event with the status comes, which does not name it', async () => {
  const dynos = [BLOATED];
  open = await lab.open({ dynos, status: makeStatus(dynos, { read_only: true }) });
  await row('worker.1').waitFor();
  const { read_only: _, ...status } = makeStatus(dynos, { leading: false });
  open.actuator.send('status', status);
  await expect.poll(() => open.page.locator('#pills').textContent()).toContain('standby');
  expect(await open.page.getByRole('button', { name: 'Pause all' }).count()).toBe(0);
});

function identity(dyno: string, processType: string) {
  return { app: 'shop', dyno, process_type: processType, boot_id: `boot of shop ${dyno}` };
}
