/**
 * Which job name makes a worker grow: how often Tidemark names the right one on recordings of real BullMQ workers, next
 * to other methods.
 *
 *   node evaluation/attribution/main.ts [--split dev] [--kept-mb 25-100] [--data DIR] [--runs]
 *
 * Prints a Markdown table. `--split` may be given several times. `--kept-mb` takes only runs in which at least the
 * first and less than the second number of megabytes were kept. `--runs` adds a row for each run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type SplitName, seedsOf } from './plan.ts';
import { type Recording, readRecording } from './recording.ts';
import { tidemark } from './replay.ts';
import { type Estimator, evenSplit, leastSquares, leastSquaresBySecond } from './rivals.ts';
import { type Score, scoreOf, summaryOf } from './score.ts';

const ESTIMATORS: Readonly<Record<string, Estimator>> = {
  Tidemark: tidemark,
  'least squares on names that ran': leastSquares,
  'the same by the second': leastSquaresBySecond,
  'even split': evenSplit,
};

const { values } = parseArgs({
  options: {
    split: { type: 'string', multiple: true, default: ['dev'] },
    'kept-mb': { type: 'string', default: '0-Infinity' },
    data: { type: 'string', default: fileURLToPath(new URL('./data/', import.meta.url)) },
    runs: { type: 'boolean', default: false },
  },
});
const paths = values.split
  .flatMap((split) => seedsOf(split as SplitName))
  .map((seed) => join(values.data, `${seed}.json.gz`));
const [minKeptMb = 0, maxKeptMb = 0] = values['kept-mb'].split('-').map(Number);
const recordings = paths
  .filter(existsSync)
  .map(readRecording)
  .filter((recording) => keptMbOf(recording) >= minKeptMb && keptMbOf(recording) < maxKeptMb);

function keptMbOf({ keptBytes }: Recording): number {
  return keptBytes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
}

const percent = (fraction: number) => `${Math.round(100 * fraction)} %`;

function rowOf(recording: Recording, scores: readonly (Score | undefined)[]): string {
  const cells = scores.map(
    (score) => `${score?.isRightFirst ? '' : '**wrong**, '}${percent(score?.rightFraction ?? 0)}`,
  );
  const { seed, jobs, concurrency, names, cpuHogs } = recording.plan;
  return (
    `| ${seed}: ${jobs} jobs of ${names.length} names, ${concurrency} at a time, ` +
    `${Math.round(keptMbOf(recording))} MB kept${cpuHogs > 0 ? ', CPU busy' : ''} | ${cells.join(' | ')} |\n`
  );
}

if (recordings.length === 0)
  throw new Error(`no such recordings of ${values.split.join(', ')} in ${values.data}: npm run record:attribution`);
const scores = Object.values(ESTIMATORS).map((estimate) =>
  recordings.map((recording) => scoreOf(recording, estimate(recording))),
);
if (values.runs) {
  process.stdout.write(`| run | ${Object.keys(ESTIMATORS).join(' | ')} |\n| --- |${' ---: |'.repeat(scores.length)}\n`);
  recordings.forEach((recording, run) => {
    const ofRun = scores.map((ofEstimator) => ofEstimator[run]);
    process.stdout.write(rowOf(recording, ofRun));
  });
  process.stdout.write('\n');
}
process.stdout.write('| Method | right name first | its share: median | worst |\n| --- | ---: | ---: | ---: |\n');
Object.keys(ESTIMATORS).forEach((name, at) => {
  const { rightFirst, runs, medianFraction, worstFraction } = summaryOf(scores[at] ?? []);
  process.stdout.write(
    `| ${name} | ${rightFirst} of ${runs} | ${percent(medianFraction)} | ${percent(worstFraction)} |\n`,
  );
});
