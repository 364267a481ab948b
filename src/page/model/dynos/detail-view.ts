import type { Check, DynoDetail, PastBoot } from '../../../web/schema/dyno.ts';
import { sentence } from '../words/sentence.ts';
import { countWords, sizeWords } from '../words/sizes.ts';
import { clockWords, spanWords } from '../words/times.ts';

/** The numbers that the decision rests on, as words. */
export function numberRows({ numbers }: DynoDetail): readonly (readonly [name: string, value: string])[] {
  return numbers.map(({ name, value, unit }) => [name, value === null ? 'unknown' : UNIT_WORDS[unit](value)]);
}

const UNIT_WORDS: Readonly<Record<DynoDetail['numbers'][number]['unit'], (value: number) => string>> = {
  bytes: sizeWords,
  ms: spanWords,
  count: countWords,
};

/** One line of "why not now?". */
export interface CheckView {
  readonly code: string;
  readonly state: 'yes' | 'no' | 'unknown';
  /** Read out instead of the shape. */
  readonly word: string;
  readonly says: string;
  /** When it holds by itself, in the reader's time; null where it does not. */
  readonly note: string | null;
}

export function checkViews(checks: readonly Check[], nowMs: number): readonly CheckView[] {
  return checks.map(({ code, ok, says, until_ms }) => {
    const [state, word] = ok === null ? UNKNOWN : ok ? YES : NO;
    const isAhead = ok === false && until_ms !== null && until_ms > nowMs;
    const note = isAhead ? `By itself at ${clockWords(until_ms, nowMs)}, in ${spanWords(until_ms - nowMs)}.` : null;
    return { code, state, word, says: sentence(says), note };
  });
}

const YES = ['yes', 'yes'] as const;
const NO = ['no', 'no'] as const;
const UNKNOWN = ['unknown', 'not known'] as const;

/** The heading over the checks. */
export function checksTitle({ action, attempt_id }: Pick<DynoDetail, 'action' | 'attempt_id'>): string {
  if (attempt_id !== null) return 'A restart is under way';
  return action === 'restart' ? 'Before the restart' : 'Why not now?';
}

const ENDED_WORDS: Readonly<Record<PastBoot['ended'], string>> = {
  restart: 'restarted',
  deploy: 'deploy',
  other: 'ended by itself',
};

export function pastBootWords(
  boot: PastBoot,
  nowMs: number,
): { readonly when: string; readonly how: string; readonly memory: string } {
  const life = spanWords(boot.last_point_ms - boot.first_point_ms);
  return {
    when: `${clockWords(boot.first_point_ms, nowMs)}, lived ${life}`,
    how: `${boot.class}, ${ENDED_WORDS[boot.ended]}${boot.release === null ? '' : `, ${boot.release}`}`,
    memory: `floor ${sizeWords(boot.floor_bytes)}, peak ${sizeWords(boot.peak_bytes)}`,
  };
}
