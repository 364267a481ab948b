import { printable } from './printable.ts';

/** Characters of a person's name that are kept. */
export const MAX_PERSON_LENGTH = 64;

/** A name that a person gave, without what a terminal obeys; null where nothing is left. Nobody has checked it. */
export function personOf(text: string | null | undefined): string | null {
  const name = [...printable(text ?? '').trim()].slice(0, MAX_PERSON_LENGTH).join('');
  return name === '' ? null : name;
}
