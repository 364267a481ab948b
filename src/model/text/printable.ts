/** Control characters, line separators, and what turns the direction of a text: a terminal obeys them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text with these characters written out (`\u001b`), in the form in which JSON may write them. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const MAX_LINE_LENGTH = 1_000;
/** The advice stands at the end of a message. */
const KEPT_END_LENGTH = 300;

/** The same for one line of a message that repeats what was given: a line too long to be read loses its middle. */
export function printableLine(line: string): string {
  const text = printable(line);
  if (text.length <= MAX_LINE_LENGTH) return text;
  return `${text.slice(0, MAX_LINE_LENGTH - KEPT_END_LENGTH)}...${text.slice(-KEPT_END_LENGTH)}`;
}
