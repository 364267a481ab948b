import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = new URL('../../docs/detection.md', import.meta.url);

/** The lines of docs/detection.md around a generated text. */
export interface Block {
  readonly begin: string;
  readonly end: string;
}

/** Replaces what stands in docs/detection.md between the lines of a block. */
export function fillBlock({ begin, end }: Block, text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/detection.md has no part between ${begin} and ${end}`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text.trimEnd()}\n\n${page.slice(to)}`);
}
