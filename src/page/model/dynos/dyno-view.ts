import type { DynoInList } from '../../../web/schema/dyno.ts';
import { sentence } from '../words/sentence.ts';
import { sizeWords, usageWords } from '../words/sizes.ts';
import { clockWords, limitWords, spanWords } from '../words/times.ts';

/** What a person should do about a row; colours only repeat it. */
export type Tone = 'act' | 'watch' | 'ok' | 'quiet';

/** A dyno as the page knows it. */
export interface LiveDyno extends DynoInList {
  /** When it disappeared from the platform (Unix ms); null while it is there. */
  readonly goneAtMs: number | null;
}

/** The words and shapes of one row. */
export interface DynoView {
  readonly key: string;
  readonly dyno: LiveDyno;
  readonly tone: Tone;
  /** Of the list "trouble first", the highest first. */
  readonly severity: number;
  readonly word: string;
  readonly shape: string;
  /** Usage as a fraction of the limit; null where one of them is unknown. */
  readonly share: number | null;
  readonly shareWords: string;
  readonly usageWords: string;
  /** `37 MB free`, `12 MB over`; empty where the limit is unknown. */
  readonly headroomWords: string;
  readonly limitWords: string;
  readonly jobsWords: string;
  readonly ageWords: string;
}

export function dynoKey({ app, dyno }: Pick<LiveDyno, 'app' | 'dyno'>): string {
  return `${app ?? ''}/${dyno}`;
}

export function groupKey({ app, process_type }: Pick<LiveDyno, 'app' | 'process_type'>): string {
  return `${app ?? ''}:${process_type}`;
}

export function viewOf(dyno: LiveDyno, nowMs: number): DynoView {
  const tone = toneOf(dyno);
  const share = shareOf(dyno.usage_bytes, dyno.limit_bytes);
  const [word, shape] = classWords(dyno);
  return {
    key: dynoKey(dyno),
    dyno,
    tone,
    severity: severityOf(dyno, tone),
    word,
    shape,
    share,
    shareWords: percentWords(share),
    usageWords: usageWords(dyno.usage_bytes, dyno.limit_bytes),
    headroomWords: headroomWords(dyno.headroom_bytes),
    limitWords: limitWordsOf(dyno, tone),
    jobsWords: jobsWords(dyno.active_jobs),
    ageWords: `up ${spanWords(nowMs - (dyno.started_at_ms ?? dyno.first_point_ms))}`,
  };
}

export function shareOf(bytes: number | null, limitBytes: number | null): number | null {
  return bytes === null || limitBytes === null || limitBytes <= 0 ? null : bytes / limitBytes;
}

export function percentWords(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}

function headroomWords(headroomBytes: number | null): string {
  if (headroomBytes === null) return '';
  return headroomBytes < 0 ? `${sizeWords(-headroomBytes)} over` : `${sizeWords(headroomBytes)} free`;
}

function limitWordsOf({ time_to_limit_ms, limit_bytes }: LiveDyno, tone: Tone): string {
  const isKnown = limit_bytes !== null;
  return tone === 'quiet' && isKnown && time_to_limit_ms === null ? '' : limitWords(time_to_limit_ms, limit_bytes);
}

function jobsWords(jobs: number | null): string {
  if (jobs === null) return 'jobs unknown';
  return jobs === 0 ? 'idle' : `${jobs} ${jobs === 1 ? 'job' : 'jobs'}`;
}

/** What happens next, and by when; of a silent dyno, how old its numbers are. */
export function nextWords({ next, is_stale, last_point_ms, goneAtMs }: LiveDyno, nowMs: number): string {
  if (goneAtMs !== null) return 'Gone: the dyno no longer reports.';
  if (is_stale) return `Silent for ${spanWords(nowMs - last_point_ms)}: these numbers are old.`;
  const says = sentence(next.says);
  if (next.at_ms === null || next.at_ms <= nowMs) return says;
  return `${says.slice(0, -1)}, by ${clockWords(next.at_ms, nowMs)}.`;
}

function isOver(bytes: number | null, limitBytes: number | null): boolean {
  return bytes !== null && limitBytes !== null && bytes >= limitBytes;
}

function toneOf(dyno: LiveDyno): Tone {
  if (dyno.goneAtMs !== null || dyno.is_stale) return 'quiet';
  if (dyno.action === 'restart' || dyno.attempt_id !== null || isOver(dyno.usage_bytes, dyno.limit_bytes)) return 'act';
  const isGrowing = dyno.class === 'leak' || dyno.class === 'bloat';
  if (isGrowing || dyno.action === 'advise' || isOver(dyno.usage_bytes, dyno.soft_limit_bytes)) return 'watch';
  return dyno.class === 'warming' || dyno.class === 'unknown' ? 'quiet' : 'ok';
}

/** Silence is worth a look: it stands between what grows and what is well. */
function severityOf(dyno: LiveDyno, tone: Tone): number {
  if (dyno.goneAtMs !== null) return 0;
  if (dyno.is_stale) return 2;
  return { act: 4, watch: 3, ok: 1, quiet: 1 }[tone];
}

const CLASS_WORDS: Readonly<Record<LiveDyno['class'], readonly [word: string, shape: string]>> = {
  warming: ['warming up', 'half'],
  healthy: ['healthy', 'circle'],
  spike: ['spike', 'peak'],
  sawtooth: ['saw-tooth', 'zigzag'],
  bloat: ['bloat', 'square'],
  leak: ['leak', 'up'],
  unknown: ['not clear yet', 'ring'],
};

function classWords(dyno: LiveDyno): readonly [word: string, shape: string] {
  if (dyno.goneAtMs !== null) return ['gone', 'cross'];
  if (dyno.is_stale) return ['silent', 'cross'];
  const [word, shape] = CLASS_WORDS[dyno.class];
  return dyno.reason === 'load' ? [`${word}, load`, shape] : [word, shape];
}
