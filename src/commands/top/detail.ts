import { wrap } from '../../model/text/lines.ts';
import { heldWords } from '../../page/model/actuators.ts';
import { checksTitle, checkViews, numberRows, pastBootWords } from '../../page/model/dynos/detail-view.ts';
import { percentWords, shareOf } from '../../page/model/dynos/dyno-view.ts';
import { jobName } from '../../page/model/jobs-view.ts';
import { sentence } from '../../page/model/words/sentence.ts';
import { growthWords, usageWords } from '../../page/model/words/sizes.ts';
import { limitWords, spanWords } from '../../page/model/words/times.ts';
import type { DynoDetail } from '../../web/schema/dyno.ts';
import { bar } from './bar.ts';
import { clean, type Line, lineOf, padTo, type Span, span } from './text.ts';

/** An opened dyno, of any length. */
export function detailLines(detail: DynoDetail, columns: number, nowMs: number): readonly Line[] {
  const line = (text: string, look: Span['look'] = null) => lineOf([span(text, look)], columns);
  const wrapped = (text: string) =>
    wrap(` ${clean(text)}`, columns, 0)
      .split('\n')
      .map((one) => line(one));
  const age = spanWords(nowMs - (detail.started_at_ms ?? detail.first_point_ms));
  const release = detail.release === null ? '' : `, ${detail.release}`;
  const { usage_bytes, limit_bytes, time_to_limit_ms } = detail;
  const held = heldWords(detail, nowMs);
  const share = percentWords(shareOf(usage_bytes, limit_bytes));
  return [
    line(` ${detail.app ?? 'unknown app'} ${detail.dyno}: ${detail.class}, up ${age}${release}`, 'bold'),
    line(
      ` ${bar(detail)} ${share}, ${usageWords(usage_bytes, limit_bytes)}, ${limitWords(time_to_limit_ms, limit_bytes)}`,
    ),
    ...(held === null ? [] : wrapped(held)),
    ...wrapped(`${sentence(detail.next.says)} ${sentence(detail.explanation)}`),
    [],
    line(` ${checksTitle(detail).toUpperCase()}`, 'quiet'),
    ...checkViews(detail.checks, nowMs).map(({ state, says, note }) =>
      line(`  ${SHAPES[state]} ${says}${note === null ? '' : ` ${note}`}`, state === 'no' ? 'watch' : null),
    ),
    [],
    line(' NUMBERS', 'quiet'),
    ...numberRows(detail).map(([name, value]) => line(`  ${padTo(name, 34)} ${value}`)),
    [],
    line(' JOBS THAT GREW IT', 'quiet'),
    ...suspectLines(detail).map((text) => line(text)),
    [],
    line(' PAST BOOTS', 'quiet'),
    ...bootLines(detail, nowMs).map((text) => line(text)),
  ];
}

const SHAPES = { yes: '✓ yes    ', no: '✗ no     ', unknown: '? unknown' } as const;

function suspectLines({ suspects }: DynoDetail): readonly string[] {
  if (suspects.length === 0) return ['  none known'];
  return suspects.map((job) => {
    const runs = job.runs === null ? '' : `, ${job.runs} runs`;
    return `  ${padTo(jobName(job), 34)} ${padTo(growthWords(job.net_bytes), 9, 'right')}  ${job.known}${runs}`;
  });
}

function bootLines({ past_boots }: DynoDetail, nowMs: number): readonly string[] {
  if (past_boots.length === 0) return ['  none known'];
  return past_boots.map((boot) => {
    const { when, how, memory } = pastBootWords(boot, nowMs);
    return `  ${when}: ${how}, ${memory}`;
  });
}
