import { describe, expect, it } from 'vitest';
import { SummarySender } from '../../../src/actuator/report/summary-sender.ts';
import { weekOf } from '../../../src/actuator/report/weekly-summary.ts';
import type { HistoryEntry, NoticeEvent } from '../../../src/ports.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MB = 1024 ** 2;

function world() {
  const clock = new VirtualClock();
  const sent: NoticeEvent[] = [];
  const history: HistoryEntry[] = [];
  let last: number | null = null;
  const store = {
    claimWeek: async (week: number) => {
      const isFirst = last === null;
      const isNew = last === null || week > last;
      if (isNew) last = week;
      return isNew && !isFirst;
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const sender = (leads = true) =>
    new SummarySender({
      store,
      notice: { send: async (event) => void sent.push(event) },
      history: async () => history,
      overLimit: { sumMs: () => 12 * 60_000 },
      leads: () => leads,
      host: { clock, log },
    });
  /** Looks every ten minutes, for some days. */
  const live = async (days: number, of: SummarySender) => {
    for (let minutes = 0; minutes < days * 24 * 60; minutes += 10) {
      clock.pass(10 * 60_000);
      await of.look();
    }
  };
  return { clock, sent, history, sender, live };
}

function closed(nowMs: number, changes: Partial<HistoryEntry>): HistoryEntry {
  return {
    attemptId: `a-${Math.random()}`,
    dyno: 'worker.1',
    bootId: 'b',
    outcome: 'restarted',
    by: 'policy',
    reason: 'hard-limit',
    sendingAtMs: nowMs,
    closedAtMs: nowMs,
    usageBytes: 450 * MB,
    reclaimedBytes: 300 * MB,
    backAfterMs: null,
    ...changes,
  };
}

describe('the weekly summary', () => {
  it('comes once a week, on Monday morning, however often the actuator starts', async () => {
    const { clock, sent, sender, live } = world();
    for (let days = 0; days < 28; days += 1) await live(1, sender());
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(sent.length).toBeLessThanOrEqual(4);
    const times = sent.map((event) => (event.type === 'summary' ? new Date(event.toMs) : new Date(0)));
    expect(times.map((time) => [time.getUTCDay(), time.getUTCHours()])).toEqual(times.map(() => [1, 8]));
    expect(weekOf(clock.now())).toBe(weekOf(times.at(-1)?.getTime() ?? 0));
  });

  it('sums up the restarts of seven days, useless and dry ones apart', async () => {
    const { clock, sent, history, sender, live } = world();
    const one = sender();
    await live(8, one);
    const nowMs = clock.now();
    history.push(
      closed(nowMs, {}),
      closed(nowMs, { reclaimedBytes: -5, usageBytes: 450 * MB }),
      closed(nowMs, { outcome: 'dry-run', reclaimedBytes: null }),
      closed(nowMs, { outcome: 'abandoned', reclaimedBytes: null }),
      closed(nowMs - 20 * DAY_MS, {}),
    );
    const before = sent.length;
    await live(7, one);
    expect(sent.slice(before)).toMatchObject([
      { restarts: 2, useless: 1, givenBackBytes: 300 * MB, dryRestarts: 1, overLimitMs: 720_000 },
    ]);
  });

  it('is left to the actuator that leads', async () => {
    const { sent, sender, live } = world();
    await live(21, sender(false));
    expect(sent).toEqual([]);
  });
});
