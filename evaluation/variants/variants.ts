import { PARTS, TUNING } from '../../src/detector/tuning.ts';
import { ABLATION_KEYS, type CandidateKey, TIDEMARK_KEY } from '../candidates.ts';
import { type ConstantName, moved, type PartName } from '../restarters/tuned.ts';

/** Tidemark with one difference, or the rule it is compared with. */
export interface Variant {
  /** As in the tables. */
  readonly name: string;
  readonly candidate: CandidateKey;
}

export const WHOLE: Variant = { name: 'Tidemark', candidate: TIDEMARK_KEY };

/** Something that the detector is given is taken away. */
export const WITHOUT_INPUT: readonly Variant[] = ABLATION_KEYS.map((candidate) => ({
  name: candidate.name.replace(`${TIDEMARK_KEY.name} `, ''),
  candidate,
}));

/** A part of the detector is off. */
export const WITHOUT_PART: readonly Variant[] = (Object.keys(PARTS) as PartName[]).map((part) => ({
  name: `without \`${part}\``,
  candidate: { ...TIDEMARK_KEY, change: { part } },
}));

const FACTORS = [0.75, 1.25] as const;

/** A constant is moved, by a quarter down and by a quarter up. */
export const MOVED: readonly Variant[] = (Object.keys(TUNING) as ConstantName[]).flatMap((constant) =>
  FACTORS.map((factor) => {
    const value = moved(TUNING[constant], factor);
    const name = `\`${constant}\` ${textOf(TUNING[constant])} → ${textOf(value)}`;
    return { name, candidate: { ...TIDEMARK_KEY, change: { constant, value } } };
  }),
);

function textOf(value: number | readonly number[]): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : value.join(', ');
}
