/**
 * Which job name makes a worker grow: how often Tidemark's estimate names the right one, beside what other estimators say.
 *
 *   node evaluation/attribution/main.ts [SEEDS]
 *
 * Simulated workers, ten jobs at a time, readings off by 300 kB (standard deviation). Prints a Markdown table.
 */
import { CASES, MB, NOISE_BYTES, type Play, rank } from './cases.ts';
import { alike, type Estimator, events, type Interval, presence, presenceInWindows } from './rivals.ts';
import { playJobs, type SimulatedName } from './simulated-worker.ts';

const seeds = Number(process.argv[2] ?? 100);

const RIVALS: Readonly<Record<string, Estimator>> = {
  'split alike': alike,
  'names that run': presence,
  'the same, by the second': presenceInWindows,
  'starts, running, ends': events,
};

/** What happens between each two readings of a simulated worker, and what its names really keep. */
function watch(names: readonly SimulatedName[], { seed, jobs, noiseBytes = NOISE_BYTES }: Play) {
  const intervals: Interval[] = [];
  const nameOf: number[] = [];
  const running = names.map(() => 0);
  let [begun, ended] = [names.map(() => 0), names.map(() => 0)];
  let last = { rss: 100 * MB, now: 0 };
  const read = (rss: number, now: number) => {
    const [durationMs, changeBytes] = [now - last.now, rss - last.rss];
    intervals.push({ durationMs, changeBytes, running: [...running], begun, ended });
    [begun, ended] = [names.map(() => 0), names.map(() => 0)];
    last = { rss, now };
  };
  const { kept } = playJobs(
    { names, concurrency: 10, jobs, noiseBytes, seed },
    {
      begins(name, rss, now) {
        read(rss, now);
        running[name] = (running[name] ?? 0) + 1;
        begun[name] = (begun[name] ?? 0) + 1;
        return nameOf.push(name) - 1;
      },
      ends(handle, rss, now) {
        const name = nameOf[handle] ?? 0;
        ended[name] = (ended[name] ?? 0) + 1;
        read(rss, now);
        running[name] = (running[name] ?? 0) - 1;
      },
    },
  );
  return { intervals, kept, changeBytes: last.rss - 100 * MB };
}

/** So that they add up to the change of the process, as Tidemark's do. */
function scaled(netBytes: readonly number[], changeBytes: number): readonly number[] {
  const total = netBytes.reduce((sum, bytes) => sum + bytes, 0);
  return total > 0 ? netBytes.map((bytes) => (bytes * changeBytes) / total) : netBytes;
}

interface Judged {
  readonly netBytes: readonly number[];
  readonly kept: readonly number[];
}

function judge(results: readonly Judged[], guilty: readonly number[]): string {
  const right = results.filter(({ netBytes }) => {
    const order = netBytes.map((_, name) => name).sort((a, b) => (netBytes[b] ?? 0) - (netBytes[a] ?? 0));
    return guilty.every((name, place) => order[place] === name);
  }).length;
  const shares = results.map(({ netBytes, kept }) => {
    const own = guilty.reduce((sum, name) => sum + Math.min(netBytes[name] ?? 0, kept[name] ?? 0), 0);
    return own / kept.reduce((sum, bytes) => sum + bytes, 0);
  });
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return `${right} of ${results.length}, ${Math.round(100 * mean)} %`;
}

const titles = ['Tidemark', ...Object.keys(RIVALS)];
process.stdout.write(
  `| Who takes memory | jobs | ${titles.join(' | ')} |\n| --- |${' ---: |'.repeat(titles.length + 1)}\n`,
);
for (const { what, names, guilty, jobs = 1000, noiseBytes } of CASES) {
  const ours: Judged[] = [];
  const theirs = Object.values(RIVALS).map((): Judged[] => []);
  for (let seed = 1; seed <= seeds; seed += 1) {
    ours.push(rank(names, { seed, jobs, noiseBytes }));
    const { intervals, kept, changeBytes } = watch(names, { seed, jobs, noiseBytes });
    Object.values(RIVALS).forEach((rival, at) => {
      theirs[at]?.push({ netBytes: scaled(rival(intervals, names.length), changeBytes), kept });
    });
  }
  const cells = [ours, ...theirs].map((results) => judge(results, guilty));
  process.stdout.write(`| ${what} | ${jobs} | ${cells.join(' | ')} |\n`);
}
