import type { Status } from '../../../web/schema/status.ts';
import { countWords, sizeWords } from '../words/sizes.ts';
import { spanWords } from '../words/times.ts';
import type { Tone } from './dyno-view.ts';

export interface Total {
  readonly value: string;
  readonly name: string;
  readonly tone: Tone;
}

/** The first three say how many dynos are over a limit, the others what Tidemark did and whether it was worth it. */
export function totalsOf({ totals }: Status): readonly Total[] {
  const { restarts_24h, useless_24h, over_limit_24h_ms } = totals;
  return [
    total(countWords(totals.dynos), totals.stale === 0 ? 'dynos' : `dynos, ${totals.stale} silent`),
    total(countWords(totals.over_limit), 'over quota now', totals.over_limit === 0 ? 'ok' : 'act'),
    total(countWords(totals.over_soft_limit), 'over the soft limit', totals.over_soft_limit === 0 ? 'ok' : 'watch'),
    total(countWords(restarts_24h), 'restarts in 24 h'),
    total(
      sizeWords(totals.given_back_24h_bytes),
      `given back, ${countWords(useless_24h)} useless`,
      useless_24h === 0 ? 'ok' : 'watch',
    ),
    total(over_limit_24h_ms === 0 ? '0 min' : spanWords(over_limit_24h_ms), 'over quota in 24 h'),
  ];
}

function total(value: string, name: string, tone: Tone = 'ok'): Total {
  return { value, name, tone };
}

/** Of all targets in dry run together; null where none is. */
export function scoreboardOf({
  targets,
}: Status): { readonly sinceMs: number; readonly entries: readonly Total[] } | null {
  const boards = targets.map(({ scoreboard }) => scoreboard).filter((board) => board !== null);
  if (boards.length === 0) return null;
  const sum = (measure: (board: (typeof boards)[number]) => number) =>
    boards.reduce((before, board) => before + measure(board), 0);
  const times = sum((board) => board.would_have_restarted);
  const overMs = sum((board) => board.over_limit_ms);
  return {
    sinceMs: Math.min(...boards.map((board) => board.since_ms)),
    entries: [
      total(countWords(times), times === 1 ? 'restart it would have made' : 'restarts it would have made'),
      total(sizeWords(sum((board) => board.would_have_given_back_bytes)), 'it would have given back'),
      total(overMs === 0 ? '0 min' : spanWords(overMs), 'over quota meanwhile', overMs === 0 ? 'ok' : 'watch'),
    ],
  };
}
