import { defaultPolicy } from '../src/core/policy.ts';
import { panelsOf, plotSvg } from '../src/replay/plot.ts';
import { type Judged, replay } from '../src/replay/replay.ts';
import type { SeriesRow } from '../src/replay/series-file.ts';
import { DAY } from './family.ts';
import type { Candidate, Sample } from './restarter.ts';
import { TIDEMARK } from './restarters/tidemark.ts';
import { simulate } from './simulate.ts';
import { familyOf, type Split, seedOf } from './splits.ts';

const SHOWN_MS = DAY * 60_000;
/** A point a minute draws the same curve as one every 5 s, in a file a twelfth the size. */
const EVERY_MS = 60_000;

/** The first day of a family's first dyno, as it went with Tidemark's restarts: each new boot begins low again. */
export function pictureOf(familyId: string, split: Split): string {
  const family = familyOf(familyId);
  const samples: Sample[] = [];
  simulate(family, recording(samples), seedOf(split, familyId, 0));
  const rows = thinned(samples).map(rowOf);
  const judged: Judged[] = [];
  replay(
    rows,
    { policy: defaultPolicy(), quotaBytes: null },
    () => undefined,
    (moment) => judged.push(moment),
  );
  return plotSvg(panelsOf(`${familyId}: ${family.what}`, rows, judged));
}

function recording(samples: Sample[]): Candidate {
  const start = () => {
    const own = TIDEMARK.start();
    return {
      observe: (sample: Sample) => {
        samples.push(sample);
        return own.observe(sample);
      },
    };
  };
  return { name: 'recording', start };
}

function thinned(samples: readonly Sample[]): readonly Sample[] {
  const firstMs = samples[0]?.timeMs ?? 0;
  let nextMs = firstMs;
  return samples.filter(({ timeMs }) => {
    if (timeMs < nextMs || timeMs - firstMs > SHOWN_MS) return false;
    nextMs = timeMs + EVERY_MS;
    return true;
  });
}

function rowOf(sample: Sample, index: number): SeriesRow {
  return {
    line: index + 2,
    timeMs: sample.timeMs,
    rssBytes: sample.rssBytes,
    swapBytes: sample.swapBytes,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs: sample.activeJobs,
    completedJobs: sample.completedJobs,
    quotaBytes: sample.limitBytes,
    bootId: sample.bootId,
    dyno: 'worker.1',
  };
}
