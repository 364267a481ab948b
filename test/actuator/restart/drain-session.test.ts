import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { AttemptDrain } from '../../../src/actuator/restart/drain-session.ts';
import type { Attempt, Move } from '../../../src/attempt/attempt.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import type { Point } from '../../../src/model/point.ts';
import type { Clock, DrainKeys, PlatformDyno } from '../../../src/ports.ts';
import type { DrainedBoot } from '../../../src/shared/drain-messages.ts';
import { aClaim } from '../../models/a-claim.ts';
import { ModelLedger } from '../../models/ledger/model-ledger.ts';

const GRACE_MS = 120_000;
const SHOP = { app: 'shop', processType: 'worker' };
const LISTED: PlatformDyno = {
  id: 'boot-1',
  name: 'worker.1',
  processType: 'worker',
  state: 'up',
  size: null,
  createdAtMs: 1_700_000_000_000,
  releaseVersion: null,
};

/** Vitest's fake time. */
const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let ledger: ModelLedger;
let ledgerAnswers: boolean;
/** How far the ledger's clock is set back. */
let ledgerLagMs: number;
let registry: BootRegistry;
let queue: FakeKeys;
let over: number;
let drain: AttemptDrain;

class FakeKeys implements DrainKeys {
  readonly refreshed: { app: string; bootId: string; attemptId: string; atMs: number }[] = [];
  readonly cleared: string[] = [];
  answers = new Map<string, boolean>();
  isThere = true;
  fault: Error | null = null;

  async refresh({ app, bootId }: DrainedBoot, attemptId: string) {
    if (!this.isThere) throw new LedgerUnavailable('away');
    if (this.fault !== null) throw this.fault;
    this.refreshed.push({ app, bootId, attemptId, atMs: Date.now() });
    return this.answers;
  }

  async clear({ bootId }: DrainedBoot) {
    if (!this.isThere) throw new LedgerUnavailable('away');
    this.cleared.push(bootId);
  }

  async close() {}

  get lastAtMs(): number {
    return this.refreshed.at(-1)?.atMs ?? 0;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  ledger = new ModelLedger(clock, { cooldownMs: 0, maxRestartsPerHour: 4, holdMs: 0 });
  ledgerAnswers = true;
  ledgerLagMs = 0;
  registry = new BootRegistry(defaultPolicy());
  queue = new FakeKeys();
  over = 0;
  drain = makeDrain();
});

afterEach(async () => {
  await drain.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function makeDrain(keys: DrainKeys | null = queue, graceMs = GRACE_MS): AttemptDrain {
  const read: ModelLedger['read'] = async (target) => {
    if (!ledgerAnswers) throw new LedgerUnavailable('away');
    const view = await ledger.read(target);
    return { ...view, nowMs: view.nowMs - ledgerLagMs };
  };
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const onOver = () => {
    over++;
  };
  return new AttemptDrain({ keys, memoryReports: null, ledger: { read }, registry, clock, graceMs, log, onOver });
}

async function draining(changes: Partial<Parameters<typeof aClaim>[0]> = {}): Promise<Attempt> {
  const claimed = await ledger.claim(aClaim(changes));
  if (!claimed.ok) throw new Error(claimed.why);
  return advance(claimed.attempt, { to: 'draining', platformDynoId: 'boot-1', deadlineInMs: GRACE_MS });
}

async function advance(attempt: Attempt, move: Move): Promise<Attempt> {
  const answer = await ledger.advance(attempt, move);
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

function aPoint(activeJobs: number | null, boot: Partial<Point['boot']> = {}): Point {
  return {
    boot: {
      app: 'shop',
      dyno: 'worker.1',
      processType: 'worker',
      bootId: 'boot-1',
      bootIdSource: 'platform',
      startTimeMs: 1_700_000_000_000,
      release: null,
      ...boot,
    },
    processId: 'process-1',
    processRole: 'main',
    tuning: null,
    timeMs: Date.now(),
    rssBytes: 1,
    treeResidentBytes: null,
    treeSwapBytes: null,
    limitBytes: null,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs,
    completedJobs: null,
  };
}

describe('the key of a drain', () => {
  it('is set at once and kept alive between ticks, through `sending`, until the attempt is closed', async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    expect(queue.refreshed).toMatchObject([{ app: 'shop', bootId: 'boot-1', attemptId: attempt.id }]);
    await pass(60_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(5_000);
    const sending = await advance(attempt, { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 });
    await pass(80_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(5_000);
    expect(queue.cleared).toEqual([]);
    await advance(sending, { to: 'closed', outcome: 'refused', evidence: '' });
    await pass(1_000);
    expect(queue.cleared).toEqual(['boot-1']);
    const count = queue.refreshed.length;
    await pass(60_000);
    expect(queue.refreshed).toHaveLength(count);
  });

  it('is not refreshed after the deadline', async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(GRACE_MS + 20_000);
    await drain.ask(attempt);
    expect(queue.lastAtMs).toBeLessThanOrEqual(attempt.deadlineMs);
    expect(queue.lastAtMs).toBeGreaterThan(attempt.deadlineMs - 5_000);
    await advance(attempt, { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 });
    await pass(2_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(2_000);
  });

  it("is not refreshed after the deadline when the ledger's clock is set back", async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    ledgerLagMs = 3_600_000;
    await pass(GRACE_MS + 20_000);
    await drain.ask(attempt);
    expect(queue.lastAtMs).toBeLessThanOrEqual(attempt.deadlineMs);
    expect(queue.lastAtMs).toBeGreaterThan(attempt.deadlineMs - 5_000);
    expect(over).toBe(1);
  });

  it('is never set by an actuator that finds the attempt after its deadline', async () => {
    const attempt = await draining();
    await pass(GRACE_MS + 1_000);
    await drain.ask(attempt);
    await pass(5_000);
    expect(queue.refreshed).toEqual([]);
  });

  it('is deleted when the ledger never comes back', async () => {
    await drain.ask(await draining());
    ledgerAnswers = false;
    await pass(GRACE_MS + 70_000);
    expect(queue.cleared).toEqual(['boot-1']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is refreshed again after an unexpected fault', async () => {
    queue.fault = new TypeError('a fault in the program');
    await drain.ask(await draining());
    await pass(5_000);
    expect(queue.refreshed).toEqual([]);
    queue.fault = null;
    await pass(2_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(2_000);
  });

  it('is refreshed for 5 s without the ledger and no longer, and again when it is back', async () => {
    await drain.ask(await draining());
    ledgerAnswers = false;
    const sinceMs = Date.now();
    await pass(60_000);
    expect(queue.lastAtMs - sinceMs).toBeLessThanOrEqual(5_000);
    expect(queue.lastAtMs - sinceMs).toBeGreaterThan(2_000);
    ledgerAnswers = true;
    await pass(2_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(2_000);
  });

  it('is not refreshed in a tight loop when the grace is zero', async () => {
    drain = makeDrain(queue, 0);
    await drain.ask(await draining());
    await pass(1_000);
    expect(queue.refreshed.length).toBeLessThanOrEqual(11);
  });

  it('is left to expire, or to the next actuator, when this one stops', async () => {
    await drain.ask(await draining());
    await drain.stop();
    const count = queue.refreshed.length;
    await pass(60_000);
    expect(queue.refreshed).toHaveLength(count);
    expect(queue.cleared).toEqual([]);
  });

  it("carries the boot's id from the metrics when a person's attempt has the platform's", async () => {
    registry.accept([aPoint(0, { bootId: 'derived-1', bootIdSource: 'derived' })]);
    for (const entry of registry.entries()) entry.listing = { kind: 'listed', dyno: LISTED };
    await drain.ask(await draining({ by: 'person' }));
    expect(queue.refreshed).toMatchObject([{ bootId: 'derived-1' }]);
  });

  it("carries the platform's id when the metrics only know an older boot of that name", async () => {
    registry.accept([aPoint(0, { bootId: 'derived-0', bootIdSource: 'derived', startTimeMs: 1_600_000_000_000 })]);
    await drain.ask(await draining({ by: 'person' }));
    expect(queue.refreshed).toMatchObject([{ bootId: 'boot-1' }]);
  });
});

describe('a drain that an actuator with a shorter grace takes over', () => {
  it('keeps its workers stopped until its own deadline', async () => {
    const attempt = await draining();
    await pass(10_000);
    const successor = makeDrain(queue, 5_000);
    await successor.ask(attempt);
    await pass(GRACE_MS - 12_000);
    expect(Date.now() - queue.lastAtMs).toBeLessThan(2_000);
    await pass(10_000);
    expect(Date.now() - queue.lastAtMs).toBeGreaterThan(5_000);
    await successor.stop();
  });
});

describe('whether a draining boot is idle', () => {
  it('is what its processes answer', async () => {
    registry.accept([aPoint(null)]);
    const attempt = await draining();
    await drain.ask(attempt);
    expect(await drain.idle(attempt)).toBeNull();
    queue.answers.set('process-1', false);
    await pass(1_000);
    expect(await drain.idle(attempt)).toBe(false);
    queue.answers.set('process-1', true);
    await pass(1_000);
    expect(await drain.idle(attempt)).toBe(true);
  });

  it('is not decided by the first answer while no point reports the other processes', async () => {
    const attempt = await draining();
    queue.answers.set('process-1', true);
    await drain.ask(attempt);
    await pass(3_000);
    expect(await drain.idle(attempt)).toBe(false);
    queue.answers.set('process-2', false);
    await pass(4_000);
    expect(await drain.idle(attempt)).toBe(false);
    queue.answers.set('process-2', true);
    await pass(1_000);
    expect(await drain.idle(attempt)).toBe(true);
  });

  it('is reported once between ticks, like the end of the grace', async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(10_000);
    expect(over).toBe(0);
    queue.answers.set('process-1', true);
    await pass(10_000);
    expect(over).toBe(1);
    const other = makeDrain();
    queue.answers.set('process-1', false);
    await other.ask(attempt);
    await pass(GRACE_MS);
    expect(over).toBe(2);
    await other.stop();
  });

  it.each([
    ['does not answer', true],
    ['is away', false],
  ])("is what the points say when the queue's Redis %s", async (_what, isThere) => {
    queue.isThere = isThere;
    registry.accept([aPoint(2)]);
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(10_000);
    expect(await drain.idle(attempt)).toBe(false);
    registry.accept([aPoint(0)]);
    expect(await drain.idle(attempt)).toBe(true);
  });

  it('is not what they answered before the end of the grace: by now they take jobs again', async () => {
    queue.answers.set('process-1', true);
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(GRACE_MS);
    expect(await drain.idle(attempt)).toBe(true);
    await pass(6_000);
    await drain.ask(attempt);
    expect(await drain.idle(attempt)).toBeNull();
  });

  it('is what the points say at once when no process can be asked', async () => {
    drain = makeDrain(null);
    registry.accept([aPoint(0)]);
    const attempt = await draining();
    await drain.ask(attempt);
    expect(await drain.idle(attempt)).toBe(false);
    await pass(1);
    registry.accept([aPoint(0)]);
    expect(await drain.idle(attempt)).toBe(true);
  });

  it('cannot be known before it was asked', async () => {
    expect(await drain.idle(await draining())).toBeNull();
    expect((await ledger.read(SHOP)).open?.phase).toBe('draining');
  });
});

describe('that workers know no drain', () => {
  const graceIsOver = async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(GRACE_MS);
    return attempt;
  };

  it('is known once they were asked, and none has answered in time', async () => {
    const attempt = await draining();
    expect(drain.knowNoDrain(attempt)).toBe(false);
    await drain.ask(attempt);
    await pass(5_000);
    expect(drain.knowNoDrain(attempt)).toBe(false);
    await pass(1_000);
    expect(drain.knowNoDrain(attempt)).toBe(true);
  });

  it('is refuted by one answer', async () => {
    queue.answers.set('process-1', false);
    expect(drain.knowNoDrain(await graceIsOver())).toBe(false);
  });

  it("is not known where the queue's Redis was away all the time", async () => {
    queue.isThere = false;
    expect(drain.knowNoDrain(await graceIsOver())).toBe(false);
  });

  it("is not known where the queue's Redis went away before they had the time to answer", async () => {
    const attempt = await draining();
    await drain.ask(attempt);
    await pass(1_000);
    queue.isThere = false;
    await pass(GRACE_MS);
    expect(drain.knowNoDrain(attempt)).toBe(false);
  });

  it('is not known to an actuator that finds the drain after its grace', async () => {
    const attempt = await draining();
    await pass(GRACE_MS + 1_000);
    const successor = makeDrain();
    await successor.ask(attempt);
    expect(successor.knowNoDrain(attempt)).toBe(false);
    expect(queue.refreshed).toEqual([]);
    await successor.stop();
  });

  it.each([
    ["no queue's Redis is configured", () => makeDrain(null)],
    ['no grace is given', () => makeDrain(queue, 0)],
  ])('is assumed where %s', async (_, make) => {
    drain = make();
    expect(drain.knowNoDrain(await draining())).toBe(true);
  });
});
