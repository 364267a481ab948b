import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type ReplayOptions, replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';

const MIB = 1024 ** 2;
const OPTIONS: ReplayOptions = { policy: defaultPolicy(), quotaBytes: 512 * MIB };
const STEP_MS = 10_000;
const ROWS = 1500;

/** One row for each 10 s: 150 MiB, from the 40th minute on 460 MiB, after which nothing comes back. */
function bloat(dyno: string, boot: string, row: number): string {
  const mib = (row * STEP_MS < 40 * 60_000 ? 150 : 460) + (row % 3);
  return `${row * STEP_MS},${mib * MIB},${boot},${dyno}`;
}

function level(dyno: string, boot: string, row: number): string {
  return `${row * STEP_MS},${(150 + (row % 3)) * MIB},${boot},${dyno}`;
}

function csv(lines: readonly string[]): string {
  return ['time_ms,rss_bytes,boot_id,dyno', ...lines].join('\n');
}

function replayed(text: string) {
  const changes: string[] = [];
  const { restartsMs, finalClass } = replay(readSeries(text, 'f'), OPTIONS, (one) =>
    changes.push(`${one.dyno} ${one.class} ${one.action}`),
  );
  return { changes, restartsMs, finalClass };
}

const rows = Array.from({ length: ROWS }, (_, row) => row);

describe('a replay', () => {
  it('is the same whether a file lists its dynos row by row or one after the other', () => {
    const first = rows.map((row) => bloat('worker.1', 'a', row));
    const second = rows.map((row) => bloat('worker.2', 'b', row));
    const mixed = replayed(csv(rows.flatMap((row) => [first[row] ?? '', second[row] ?? ''])));
    expect(mixed.restartsMs.length).toBeGreaterThan(5);
    expect(replayed(csv([...first, ...second]))).toEqual(mixed);
    expect(replayed(csv([...second, ...first])).restartsMs).toEqual(mixed.restartsMs);
  });

  it('knows two boots apart whose rows alternate', () => {
    const bloatAlone = replayed(csv(rows.map((row) => bloat('worker.1', 'a', row))));
    const both = replayed(csv(rows.flatMap((row) => [bloat('worker.1', 'a', row), level('worker.1', 'b', row)])));
    expect(bloatAlone.restartsMs.length).toBeGreaterThan(5);
    expect(both.restartsMs).toEqual(bloatAlone.restartsMs);
    expect(both.finalClass).toBe('healthy');
  });

  it('keeps the cooldown of a process type to itself', () => {
    const text = csv(rows.flatMap((row) => [bloat('worker.1', 'a', row), bloat('mailer.1', 'b', row)]));
    const alone = replayed(csv(rows.map((row) => bloat('worker.1', 'a', row))));
    expect(replayed(text).restartsMs).toEqual(alone.restartsMs.flatMap((atMs) => [atMs, atMs]));
  });
});
