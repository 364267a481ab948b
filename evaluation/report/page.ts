import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = new URL('../../docs/accuracy.md', import.meta.url);

/** The lines of docs/accuracy.md around a generated text. */
export interface Block {
  readonly begin: string;
  readonly end: string;
}

/** Replaces what stands in docs/accuracy.md between the lines of a block. */
export function fillBlock({ begin, end }: Block, text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/accuracy.md has no part between ${begin} and ${end}`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text.trimEnd()}\n\n${page.slice(to)}`);
}
