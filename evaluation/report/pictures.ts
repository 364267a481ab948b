import { panelsOf, plotSvg } from '../../src/replay/plot.ts';
import type { Judged } from '../../src/replay/replay.ts';
import type { SeriesRow } from '../../src/replay/series-file.ts';
import { DAY } from '../family.ts';
import type { Candidate, Sample } from '../restarter.ts';
import { TIDEMARK } from '../restarters/tidemark.ts';
import { simulate } from '../simulate.ts';
import { familyOf, type Split, seedOf } from '../splits.ts';

const SHOWN_MS = DAY * 60_000;
/**
 * A point a minute draws the same curve as one every 5 s, in a file a twelfth the size; a decision every five minutes
 * the same floor.
 */
const SAMPLE_EVERY_MS = 60_000;
const JUDGED_EVERY_MS = 5 * 60_000;

/** The first day of a family's first dyno, as it went with Tidemark's restarts: each new boot begins low again. */
export function pictureOf(familyId: string, split: Split): string {
  const family = familyOf(familyId);
  const samples: Sample[] = [];
  const judged: Judged[] = [];
  simulate(family, recording(samples, judged), seedOf(split, familyId, 0));
  const startMs = samples[0]?.timeMs ?? 0;
  const shown = samples.filter(({ timeMs }) => timeMs - startMs <= SHOWN_MS);
  const rows = thinned(shown, { everyMs: SAMPLE_EVERY_MS, timeOf: ({ timeMs }) => timeMs }).map(rowOf);
  const moments = thinned(
    judged.filter(({ decision }) => decision.timeMs - startMs <= SHOWN_MS),
    { everyMs: JUDGED_EVERY_MS, timeOf: ({ decision }) => decision.timeMs, isNeeded: isNews },
  );
  return plotSvg(panelsOf(`${familyId}: ${family.what}`, rows, moments), 'closed');
}

/** Keeps all that the rule saw, and each decision it made. */
function recording(samples: Sample[], judged: Judged[]): Candidate {
  const start = () => {
    const own = TIDEMARK.start();
    return {
      observe: (sample: Sample) => {
        samples.push(sample);
        const restarts = own.observe(sample);
        const moment = own.judged();
        if (moment !== null && moment.decision !== judged.at(-1)?.decision) judged.push(moment);
        return restarts;
      },
    };
  };
  return { name: 'recording', start };
}

/** A restart, another class, or another boot than that of the moment before. */
function isNews({ decision }: Judged, before: Judged | undefined): boolean {
  const { class: className, bootId } = before?.decision ?? {};
  return decision.action === 'restart' || decision.class !== className || decision.bootId !== bootId;
}

interface Thinning<T> {
  readonly everyMs: number;
  readonly timeOf: (item: T) => number;
  /** Items that stay, however near they are to the one before. */
  readonly isNeeded?: (item: T, before: T | undefined) => boolean;
}

function thinned<T>(items: readonly T[], { everyMs, timeOf, isNeeded }: Thinning<T>): readonly T[] {
  let nextMs = Number.NEGATIVE_INFINITY;
  return items.filter((item, index) => {
    if (timeOf(item) < nextMs && isNeeded?.(item, items[index - 1]) !== true) return false;
    nextMs = timeOf(item) + everyMs;
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
