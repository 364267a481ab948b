import { describe, expect, it } from 'vitest';
import { createViews, dynoParts } from '../../../src/actuator/doors/control.ts';
import { overview } from '../../../src/actuator/views/overview.ts';
import { resolveActuatorSettings } from '../../../src/config/resolve.ts';
import { LOCAL_SENDER } from '../../../src/sources/ingest-tokens.ts';
import { LoopWorld, WINDOW_MS } from '../../models/loop-world.ts';

/** Reports for some windows, with a look of the loop after each, as it has in reality. */
async function live(world: LoopWorld, dyno: string, windows: number, usageMb: number): Promise<void> {
  for (let window = 0; window < windows; window += 1) {
    world.report(dyno, { windows: 1, usageMb: () => usageMb });
    await world.tick();
  }
}

describe('the curve of a dyno', () => {
  it('has usage, floor and jobs for the same moments, the newest one last', async () => {
    const world = new LoopWorld();
    await live(world, 'worker.1', 30, 200);
    const detail = createViews(world).dyno('shop', 'worker.1');
    const { timesMs = [], usageBytes = [], floorBytes = [], activeJobs = [] } = detail?.curve ?? {};
    expect(new Set([timesMs, usageBytes, floorBytes, activeJobs].map(({ length }) => length)).size).toBe(1);
    expect(timesMs.at(-1)).toBe(detail?.view.lastPointMs);
    expect(usageBytes.at(-1)).toBe(200 * 1024 ** 2);
    expect(floorBytes.at(-1)).toBeCloseTo(200 * 1024 ** 2, -6);
  });

  it('goes on over boots, with a gap and a mark between them', async () => {
    const world = new LoopWorld();
    await live(world, 'worker.1', 20, 300);
    world.platform.cycle('worker.1');
    // The old boot is over ten windows after it fell silent.
    await live(world, 'worker.1', 20, 100);
    const views = createViews(world);
    const [dyno] = [...views.dynosInParts()].flat();
    const history = dyno?.history(60);
    expect(history?.curve.usageBytes).toContain(null);
    expect(
      new Set(history?.curve.usageBytes.filter((bytes) => bytes !== null).map((bytes) => bytes / 1024 ** 2)),
    ).toEqual(new Set([300, 100]));
    expect(history?.curve.timesMs.length).toBeLessThanOrEqual(60);
    expect(history?.marks).toMatchObject([{ kind: 'boot' }]);
    expect(views.dyno('shop', 'worker.1')?.pastBoots).toMatchObject([
      { ended: 'other', peakBytes: 300 * 1024 ** 2, class: expect.any(String) },
    ]);
  });

  it('marks when usage passed the quota, once for each time', async () => {
    const world = new LoopWorld();
    for (const usage of [400, 600, 600, 400, 700]) await live(world, 'worker.1', 3, usage);
    const marks = createViews(world).dyno('shop', 'worker.1')?.marks ?? [];
    expect(marks.map(({ kind }) => kind)).toEqual(['over-limit', 'over-limit']);
    expect(world.chronicle.overLimit.sumMs('shop:worker', 0)).toBeGreaterThan(5 * WINDOW_MS);
    expect(world.chronicle.overLimit.sumMs('shop:worker', 0)).toBeLessThanOrEqual(9 * WINDOW_MS);
  });
});

describe('the numbers of a dyno', () => {
  it('have its class since it has it, and why it is not restarted', async () => {
    const world = new LoopWorld();
    await world.settle();
    world.report('worker.1');
    await world.tick();
    const detail = createViews(world).dyno('shop', 'worker.1');
    expect(detail?.view).toMatchObject({ isStale: false, swapBytes: null });
    expect(detail?.view.attemptId).toBe('attempt-1');
    expect(detail?.checks.filter(({ ok }) => ok === false).map(({ code }) => code)).toEqual(['attempt-open']);
    expect(detail?.numbers.find(({ code }) => code === 'limit')?.value).toBe(512 * 1024 ** 2);
  });

  it('are old once measurements stop', async () => {
    const world = new LoopWorld();
    await live(world, 'worker.1', 3, 100);
    const views = createViews(world);
    expect([...views.dynosInParts()].flat()[0]?.isStale).toBe(false);
    world.clock.pass(4 * WINDOW_MS);
    expect([...views.dynosInParts()].flat()[0]?.isStale).toBe(true);
  });

  it('are of the boot that the platform lists, in the list as in the dyno opened, not of a stranger', async () => {
    const world = new LoopWorld();
    world.report('worker.1', { windows: 3 });
    await world.tick();
    const real = world.registry.newestOf('shop', 'worker.1')?.boot;
    if (real === undefined) throw new Error('it has not reported');
    const ghost = { ...real, identity: { ...real.identity, bootId: 'ghost' }, firstPointMs: real.firstPointMs + 1 };
    expect(world.registry.adopt(ghost)).toBe(true);
    await world.tick();
    const views = createViews(world);
    expect([...views.dynosInParts()].flat().map(({ decision }) => decision.bootId)).toEqual([real.identity.bootId]);
    expect(views.dyno('shop', 'worker.1')?.view.decision.bootId).toBe(real.identity.bootId);
  });

  it('of a restart have the jobs that made its boot grow', async () => {
    const world = new LoopWorld();
    await world.settle();
    world.report('worker.1');
    const identity = world.registry.newestOf('shop', 'worker.1')?.boot.identity;
    if (identity === undefined) throw new Error('it has not reported');
    const labels = () => ({ queue: 'q', name: 'import', known: 'exclusive' as const });
    const point = { seriesId: 1, timeMs: world.clock.now(), startMs: 0, isDelta: false, growth: null, labels };
    const taking = { nowMs: world.clock.now(), sender: LOCAL_SENDER };
    world.jobs.take({ boot: identity, processId: 'p' }, [{ ...point, figure: 'net', value: 300 }], taking);
    await world.tick();
    const [record] = await createViews(world).attempts(1);
    expect(record?.attempt.notes).toMatchObject({ suspects: [{ name: 'import', netBytes: 300 }], activeJobs: 0 });
    expect(record?.attempt.notes?.expectedBytes).toBeGreaterThan(0);
  });
});

describe('the overview', () => {
  const shown = (world: LoopWorld) => {
    const settings = resolveActuatorSettings({ env: { TIDEMARK_TARGETS: 'shop:worker' }, flags: {} });
    const dynos = dynoParts(world);
    const { overLimit, meter } = world.chronicle;
    const { standings, mode, view: platform } = world;
    const isCounted = () => true;
    return overview({ settings, dynos, standings, overLimit, meter, mode, platform, startedAtMs: 0, isCounted });
  };

  it('counts dynos, and groups them by app and type', async () => {
    const world = new LoopWorld();
    world.report('worker.1', { windows: 3, usageMb: () => 600 });
    world.report('worker.2', { windows: 3, usageMb: () => 100 });
    await world.tick();
    expect(await shown(world)).toMatchObject({
      totals: { dynos: 2, overSoftLimit: 1, overLimit: 1, restarts24h: 0 },
      groups: [{ app: 'shop', processType: 'worker', isAllowed: true, dynos: 2, overLimit: 1 }],
    });
  });

  it('keeps the score of a dry run: what it would have restarted and given back', async () => {
    const world = new LoopWorld({ permissions: { dryRun: true } });
    await world.settle();
    world.report('worker.1');
    await world.tick();
    const [open] = await world.ledger.open();
    if (open === undefined) throw new Error('nothing was claimed');
    await world.ledger.advance(open, { to: 'closed', outcome: 'dry-run', evidence: '' });
    await world.standings.refresh();
    const score = (await shown(world)).scoreboards.get('shop:worker');
    expect(score).toMatchObject({ wouldHaveRestarted: 1 });
    expect(score?.wouldHaveGivenBackBytes).toBe(open.notes?.expectedBytes);
  });
});
