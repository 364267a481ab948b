import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** The page's files, as the build left them. */
export interface PageFiles {
  /** The page itself, with a nonce of its own for each answer. */
  index(request: Request): Response;
  /** A file that the page loads, or null if there is none of that name. */
  file(name: string, request: Request): Response | null;
}

interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

/** Next to this file in `dist`, from the bundle in `dist/cjs`, and from the sources, which have no built page. */
const FOLDERS = ['../site/', '../../site/', '../../dist/site/'];

/** The page's script: where it is missing, the page was not built. */
const BUILT = 'main.js';

/**
 * Reads all files once: what is served later is never a path on the disk.
 *
 * @param folder the built page; default: that of this package. Null where it was not built
 */
export function readPageFiles(folder: string | null = builtPage()): PageFiles {
  const files = new Map<string, PageFile>();
  for (const entry of folder === null ? [] : readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (folder === null || type === undefined || !entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    files.set(path.slice(folder.length).replace(/^\/+/, ''), fileOf(type, readFileSync(path)));
  }
  const html = files.get('index.html')?.plain.toString('utf8') ?? NOT_BUILT;
  return {
    index: (request) => indexOf(html, request),
    file: (name, request) => {
      const found = name === 'index.html' ? undefined : files.get(name);
      return found === undefined ? null : answer(found, request);
    },
  };
}

function builtPage(): string | null {
  const folders = FOLDERS.map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
  return folders.find((folder) => existsSync(`${folder}${BUILT}`)) ?? null;
}

const NOT_BUILT =
  '<!doctype html><meta charset="utf-8"><title>Tidemark</title>' +
  '<p>The page was not built: run <code>npm run build</code>. The API is at <code>/api/</code>.</p>';

function fileOf(type: string, plain: Buffer): PageFile {
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, etag, plain, gzipped: gzipSync(plain, { level: 9 }) };
}

/** Each answer has another nonce, so no cache may keep it. */
function indexOf(html: string, request: Request): Response {
  const nonce = randomBytes(18).toString('base64url');
  const text = html.replaceAll('{{nonce}}', nonce);
  const headers = { ...GUARDS, 'content-security-policy': policyOf(nonce), 'cache-control': 'no-store' };
  return new Response(...body({ ...fileParts(text), type: 'text/html; charset=utf-8' }, request, headers));
}

function fileParts(text: string) {
  const plain = Buffer.from(text);
  return { plain, gzipped: gzipSync(plain, { level: 1 }) };
}

function answer(file: PageFile, request: Request): Response {
  const headers = { ...GUARDS, etag: file.etag, 'cache-control': 'private, no-cache' };
  if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
  return new Response(...body(file, request, headers));
}

function body(
  { type, plain, gzipped }: Pick<PageFile, 'type' | 'plain' | 'gzipped'>,
  request: Request,
  headers: Readonly<Record<string, string>>,
): [Uint8Array<ArrayBuffer>, ResponseInit] {
  const takesGzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  const bytes = takesGzip ? gzipped : plain;
  const encoding: Record<string, string> = takesGzip ? { 'content-encoding': 'gzip' } : {};
  return [
    new Uint8Array(bytes),
    { headers: { ...headers, ...encoding, 'content-type': type, vary: 'accept-encoding' } },
  ];
}

const GUARDS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Only this actuator is asked for anything, and only scripts that it sent run. */
function policyOf(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'self'`,
    `style-src 'nonce-${nonce}' 'self'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
