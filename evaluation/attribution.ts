/**
 * Which job name makes a worker grow: how often Tidemark's estimate names the right one, beside what splitting alike among running jobs says.
 *
 *   node evaluation/attribution.ts [SEEDS]
 *
 * Simulated workers, ten jobs at a time, readings off by 300 kB (standard deviation). Prints a Markdown table.
 */
import { CASES, MB, rank } from '../test/instrument/overlap-cases.ts';
import { playJobs, type SimulatedName } from '../test/instrument/overlapping-jobs.ts';

const seeds = Number(process.argv[2] ?? 100);

/** Each change in equal parts to the jobs that ran. */
function splitAlike(names: readonly SimulatedName[], { seed, jobs }: { seed: number; jobs: number }) {
  const netBytes = names.map(() => 0);
  const running = new Map<number, number>();
  let last = 100 * MB;
  let handles = 0;
  const see = (rss: number) => {
    for (const name of running.values()) netBytes[name] = (netBytes[name] ?? 0) + (rss - last) / running.size;
    last = rss;
  };
  const { kept } = playJobs(
    { names, concurrency: 10, jobs, noiseBytes: 0.3 * MB, seed },
    {
      begins(name, rss) {
        see(rss);
        handles += 1;
        running.set(handles, name);
        return handles;
      },
      ends(handle, rss) {
        see(rss);
        running.delete(handle);
      },
    },
  );
  return { netBytes, kept };
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

process.stdout.write('| Who takes memory | jobs | Tidemark | split alike |\n| --- | ---: | ---: | ---: |\n');
for (const { what, names, guilty, jobs = 1000 } of CASES) {
  const all = Array.from({ length: seeds }, (_, index) => ({ seed: index + 1, jobs }));
  const ours = judge(
    all.map((one) => rank(names, one)),
    guilty,
  );
  const alike = judge(
    all.map((one) => splitAlike(names, one)),
    guilty,
  );
  process.stdout.write(`| ${what} | ${jobs} | ${ours} | ${alike} |\n`);
}
