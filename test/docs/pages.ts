import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** `sh`, `js`, `text`, ...; empty if none is given. */
  readonly language: string;
  /** What the HTML comment on the line before the block says; null if there is none. */
  readonly marker: string | null;
  readonly text: string;
}

const FENCE = /(?:^ *<!-- (?<marker>[^\n]*) -->\n)?^(?<indent> *)```(?<language>\w*)\n(?<body>.*?)^ *```$/gms;

/** The pages that people read, from the repository's root. */
export const PAGES: readonly string[] = ['README.md', 'examples/README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

/** The pages whose commands are run: those, and what a contributor reads. */
export const PAGES_WITH_COMMANDS: readonly string[] = [...PAGES, 'CONTRIBUTING.md', 'SECURITY.md'];

export function readPage(page: string): string {
  return readFileSync(`${ROOT}${page}`, 'utf8');
}

export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page);
  const fences = text.matchAll(FENCE);
  return [...fences].map((fence) => {
    const { marker = null, indent = '', language = '', body = '' } = fence.groups ?? {};
    return {
      page,
      line: text.slice(0, fence.index).split('\n').length + (marker === null ? 0 : 1),
      language,
      marker,
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    };
  });
}

/** The page without fenced blocks and HTML comments. */
export function proseOf(text: string): string {
  return text.replace(/<!--.*?-->/gs, '').replace(/^ *```.*?^ *```$/gms, '');
}

/** Every file that git knows and that is there. */
export function trackedFiles(): readonly string[] {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  return files.filter((file) => existsSync(`${ROOT}${file}`));
}
